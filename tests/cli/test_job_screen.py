"""How a job's tree is read and drawn."""

import io
from typing import Any

from rich.console import Console

from clusterwright.cli.job_tree import JobTree, lines

BEGAN = "2026-01-02 03:04:00 +0000 UTC"


def job(type: str, phase: str, updated: float, *below: dict[str, Any], reason: str = "") -> Any:
    """A job that was last changed so many seconds after it was created."""
    return {
        "metadata": {
            "uid": f"{type}-{updated}",
            "creationTimestamp": BEGAN,
            "updateTimestamp": f"2026-01-02 03:04:{updated:012.9f} +0000 UTC",
        },
        "spec": {"type": type} | ({"subJobs": list(below)} if below else {}),
        "status": {"phase": phase, "reason": reason},
    }


def seconds(root: Any, *, now: float = 0) -> list[float | None]:
    """The time of every line, as of so many seconds after the creation."""
    found = lines(root)
    times = [line.seconds(found[0].began + now) for line in found]
    return [None if each is None else round(each, 3) for each in times]


def drawn(root: Any, **options: Any) -> str:
    screen = Console(file=io.StringIO(), width=200, **options)
    screen.print(JobTree(root))
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


CREATED = job(
    "CreateCluster",
    "Success",
    9,
    job("CreatePSMCert", "Success", 2.5),
    job("InstallMaster", "Success", 9),
    job("InstallMaster", "Success", 6),
)


def test_a_step_takes_the_time_since_those_before_it_ended() -> None:
    assert seconds(CREATED) == [9, 2.5, 6.5, 3.5]


def test_a_running_step_counts_from_its_last_change() -> None:
    root = job(
        "CreateCluster",
        "Running",
        4,
        job("CreatePSMCert", "Success", 3),
        job("InstallMaster", "Running", 4),
    )

    assert seconds(root, now=10) == [10, 3, 6]


def test_a_step_that_has_not_begun_has_no_time() -> None:
    root = job("CreateCluster", "Initializing", 0, job("CreatePSMCert", "Initializing", 0))

    assert seconds(root, now=10) == [None, None]


def test_a_nested_step_begins_with_its_parent() -> None:
    root = job(
        "ScaleupCluster",
        "Success",
        8,
        job("CreateNode", "Success", 7, job("GetPSMCert", "Success", 1)),
        job("Check", "Success", 8, job("Ping", "Success", 8)),
    )

    assert seconds(root) == [8, 7, 1, 1, 1]


def test_the_tree_is_drawn_with_guides() -> None:
    text = drawn(CREATED).splitlines()

    assert [line.rstrip() for line in text] == [
        "✔ CreateCluster     Success  9.0 s",
        "├─ ✔ CreatePSMCert  Success  2.5 s",
        "├─ ✔ InstallMaster  Success  6.5 s",
        "└─ ✔ InstallMaster  Success  3.5 s",
    ]


def test_a_reason_is_told_once_and_as_it_is() -> None:
    reason = "No [bold]servers[/] :smile:"
    root = job("A", "Failed", 1, job("B", "Failed", 1, reason=reason), reason=reason)

    assert drawn(root).count(reason) == 1


def test_no_color_is_honoured() -> None:
    coloured = drawn(CREATED, force_terminal=True, color_system="standard")
    plain = drawn(CREATED, force_terminal=True, color_system="standard", no_color=True)

    assert "\x1b[32m" in coloured
    assert "\x1b[32m" not in plain


def test_a_terminal_without_unicode_gets_letters() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(file=file, width=80).print(JobTree(CREATED))
    file.seek(0)

    assert file.read().splitlines()[1].startswith("|- + CreatePSMCert")
