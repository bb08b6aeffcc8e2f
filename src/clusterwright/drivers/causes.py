"""Why things fail, told so that somebody can do something about it.

Each cause that drivers and steps know stands here: whose it is, a word that programs can compare,
what to do next, and whether the same job can succeed when that has been done.
"""

from dataclasses import dataclass
from enum import StrEnum


class Blame(StrEnum):
    """Whose a failure is: who has to act before it goes away."""

    USER = "user"
    QUOTA = "quota"
    CAPACITY = "capacity"
    PROVIDER = "provider"
    INTERNAL = "internal"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of failure."""

    blame: Blame
    code: str
    action: str
    """What to do next, in one sentence."""
    retryable: bool
    """Whether the job can be resumed with success once that has been done."""


_CHECK = (
    "Run `clusterwright kubernetes check` on the server's host, mend what it names, and resume."
)

# What was asked cannot be done as it was asked.
GONE = Cause(
    Blame.USER,
    "Gone",
    "What the job worked on was deleted meanwhile: ask for it anew if it is still wanted.",
    retryable=False,
)
BAD_OPTION = Cause(
    Blame.USER, "BadOption", "Send the option again with a value that is allowed.", retryable=False
)
BAD_NAME = Cause(
    Blame.USER,
    "BadCertificateName",
    "Correct spec.customSan of the cluster, and ask again.",
    retryable=False,
)
BAD_ID = Cause(Blame.USER, "BadId", "Use an id that this server has given.", retryable=False)
REFUSED = Cause(
    Blame.USER, "Refused", "Correct what the API server refuses, and ask again.", retryable=False
)
ADDRESS_TAKEN = Cause(
    Blame.USER,
    "AddressTaken",
    "Delete what holds the address and resume, or ask for another address.",
    retryable=True,
)
NO_ACCOUNT = Cause(
    Blame.USER,
    "NoServiceAccount",
    "Create the service account in the cluster first.",
    retryable=False,
)
NOTHING_TO_HIBERNATE = Cause(
    Blame.USER,
    "NoControlPlane",
    "Delete the cluster, and create it anew.",
    retryable=False,
)
VERSION_TOO_OLD = Cause(
    Blame.USER, "VersionTooOld", "Ask for a newer version of Kubernetes.", retryable=False
)
BAD_CHART = Cause(
    Blame.USER, "BadChart", "Correct the chart or its values, and send them again.", retryable=False
)
CHART_GONE = Cause(
    Blame.USER, "ChartGone", "Upload the chart again, and install it anew.", retryable=False
)
REVISION_GONE = Cause(
    Blame.USER,
    "RevisionGone",
    "Go back to a revision that the release's history still lists.",
    retryable=False,
)
RELEASE_FAILED = Cause(
    Blame.USER,
    "ReleaseFailed",
    "Mend what the reason names in the cluster and resume, or send corrected values.",
    retryable=True,
)
CHART_TIMEOUT = Cause(
    Blame.TIMEOUT,
    "ChartTimeout",
    "Look in the cluster for what does not become ready, mend it, and resume.",
    retryable=True,
)

# What was asked does not fit now.
NO_ADDRESS = Cause(
    Blame.CAPACITY,
    "NoAddressLeft",
    "Delete nodes of the cluster that are not needed, and resume.",
    retryable=True,
)

# The host, or what runs on it, is not as it must be.
HOST_LACKS = Cause(Blame.PROVIDER, "HostNotReady", _CHECK, retryable=True)
NO_VERSION = Cause(
    Blame.PROVIDER,
    "VersionNotInstalled",
    "Install programs that can run this version (`clusterwright kubernetes check`), and resume.",
    retryable=True,
)
BEGUN_WITHOUT = Cause(
    Blame.PROVIDER,
    "ProgramMissing",
    "Install the program, and create a new cluster: this one was begun without it.",
    retryable=False,
)
COMPONENT_FAILING = Cause(
    Blame.PROVIDER,
    "ComponentFailing",
    "Read the component's log (`clusterwright kubernetes logs`), mend what it names, and resume.",
    retryable=True,
)
NOT_READY = Cause(
    Blame.PROVIDER,
    "ControlPlaneNotReady",
    "Wait until the control plane answers again, and try once more.",
    retryable=True,
)
PROGRAM_FAILED = Cause(
    Blame.PROVIDER,
    "ProgramFailed",
    "Mend what the program's own words name, and try once more.",
    retryable=True,
)
SNAPSHOT_UNUSABLE = Cause(
    Blame.USER, "SnapshotUnusable", "Choose another file for the snapshot.", retryable=False
)

# What becomes of any step.
STEP_TIMEOUT = Cause(
    Blame.TIMEOUT,
    "StepTimeout",
    "Look in the step's messages for what it waited for, mend that, and resume.",
    retryable=True,
)
CANCELLED = Cause(
    Blame.CANCELLED,
    "Cancelled",
    "Resume the job to go on where it was stopped, or delete what it has made.",
    retryable=True,
)
INTERNAL_ERROR = Cause(
    Blame.INTERNAL,
    "InternalError",
    "Ask the operator to look for this job in the server's log; resume when that is mended.",
    retryable=True,
)

FAULTS = {
    Blame.USER: Cause(
        Blame.USER, "SimulatedFault", "Correct what was asked, and ask again.", retryable=False
    ),
    Blame.QUOTA: Cause(
        Blame.QUOTA,
        "SimulatedFault",
        "Free some of the quota or have it raised, and resume.",
        retryable=True,
    ),
    Blame.CAPACITY: Cause(
        Blame.CAPACITY,
        "SimulatedFault",
        "Wait until there is capacity or ask for another flavor or zone, and resume.",
        retryable=True,
    ),
    Blame.PROVIDER: Cause(
        Blame.PROVIDER,
        "SimulatedFault",
        "Clear the fault (`clusterwright fault clear`), and resume.",
        retryable=True,
    ),
    Blame.INTERNAL: Cause(Blame.INTERNAL, "SimulatedFault", INTERNAL_ERROR.action, retryable=True),
    Blame.TIMEOUT: Cause(Blame.TIMEOUT, "SimulatedFault", STEP_TIMEOUT.action, retryable=True),
    Blame.CANCELLED: Cause(Blame.CANCELLED, "SimulatedFault", CANCELLED.action, retryable=True),
}
"""How a fault that was armed on purpose looks, for each class."""
