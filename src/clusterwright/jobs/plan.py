"""How job types are declared: a tree of steps as data, and the rows that it becomes."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from clusterwright.jobs.context import StepContext
from clusterwright.jobs.tree import NOTHING, Job, JobPhase, Target
from clusterwright.storage.database import Tx

Action = Callable[[StepContext], Awaitable[None]]
Settle = Callable[[Tx, Job], Awaitable[None]]
Reopen = Callable[[Tx, Job, str], Awaitable[None]]


class Closed(Exception):
    """A job's resource is no longer as the job has left it; the text says so to users."""


@dataclass(frozen=True, slots=True)
class Step:
    """A leaf: one action, which may run again at any moment, and the seconds it may take."""

    name: str
    action: Action
    timeout: float
    outages_count: bool = False
    """Whether seconds in which the database was away count as taken. Where they do not, a job waits
    out an outage of any length, as users expect who did not cause it.
    """
    names_resource: bool = True
    """Whether the document names the resource; the certificate steps of the public service do not.
    """


@dataclass(frozen=True, slots=True)
class Serial:
    """Members one after the other; the first that fails fails the rest."""

    name: str
    members: tuple["Member", ...]


@dataclass(frozen=True, slots=True)
class Parallel:
    """Members at the same time; each runs to its end, whatever becomes of the others."""

    name: str
    members: tuple["Member", ...]


@dataclass(frozen=True, slots=True)
class ForEach:
    """One copy of ``member`` per target of a group, all at once, listed directly in the parent."""

    group: str
    member: "Step | Serial | Parallel"
    at_a_time: str = ""
    """The argument of a job that tells how many copies may be at work at a time, if any does."""


Branch = Step | Serial | Parallel
Member = Branch | ForEach


@dataclass(frozen=True, slots=True)
class JobType:
    """A kind of job: its tree, and what becomes of the resource when the tree has ended.

    ``settle`` runs in the transaction that ends the top job, for success and for failure; the job
    it gets carries the final phase and reason.
    """

    root: Serial | Parallel
    settle: Settle
    reopen: Reopen | None = None
    """Gives the resource of a failed job to the one that continues it, whose uid comes last, and
    shows it as it was while the failed one ran. Raises Closed. Without it a job cannot be resumed.
    """
    stays: str = ""
    """Why a job cannot be cancelled; empty where it can."""

    @property
    def name(self) -> str:
        """The word in ``spec.type`` of the top job."""
        return self.root.name

    def steps(self) -> Iterator[Step]:
        """Every step of the tree, in the order of declaration."""
        return _steps(self.root)


def _steps(member: Member) -> Iterator[Step]:
    match member:
        case Step():
            yield member
        case ForEach():
            yield from _steps(member.member)
        case _:
            for child in member.members:
                yield from _steps(child)


class Registry:
    """Every job type that this server knows, by name."""

    def __init__(self, *types: JobType) -> None:
        self.types = {job_type.name: job_type for job_type in types}
        if len(self.types) != len(types):
            raise ValueError("Two job types have the same name.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of the engine: a job type, whom it is for and what it acts on."""

    job_type: JobType
    project_id: str
    cluster_uid: str
    target: Target
    groups: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)
    """Targets of each ForEach, by the name of its group."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """What steps need to know beyond the resource's own rows."""
    driver: str | None = None
    """Which driver will work on it, where no job before it tells."""


def unfold(request: Request, *, new_uid: Callable[[], str], now: int) -> Iterator[Job]:
    """The whole tree of ``request``, depth first, all in phase Initializing.

    The first is the top job. Every sub-job has its own uid, because clients read sub-jobs by it
    before anything has started (client notes, section 0.4). Raises ValueError at a job without
    work.
    """
    positions = count()

    def made(node: Branch, parent: Job | None, target: Target) -> Iterator[Job]:
        uid = new_uid()
        hidden = isinstance(node, Step) and not node.names_resource
        job = Job(
            uid=uid,
            root_uid=parent.root_uid if parent else uid,
            parent_uid=parent.uid if parent else None,
            position=next(positions),
            type=node.name,
            project_id=request.project_id,
            cluster_uid=request.cluster_uid,
            target=NOTHING if hidden else target,
            phase=JobPhase.INITIALIZING,
            reason="",
            created_at=now,
            updated_at=now,
        )
        yield job
        if isinstance(node, Step):
            return
        below = [
            (member.member, request.groups[member.group])
            if isinstance(member, ForEach)
            else (member, (target,))
            for member in node.members
        ]
        if not any(targets for _, targets in below):
            raise ValueError(f"{job.type} has nothing to do.")
        for member, targets in below:
            for each in targets:
                yield from made(member, job, each)

    return made(request.job_type.root, None, request.target)
