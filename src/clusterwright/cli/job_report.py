"""What ``job explain`` and ``job list`` tell of a job."""

from collections.abc import Iterator, Sequence

import typer

from clusterwright.cli.job_looks import said
from clusterwright.cli.job_tree import FINAL, JobTree, duration
from clusterwright.cli.output import Document, console, moment, print_aligned, print_facts


def facts(job: Document) -> dict[str, str]:
    """What is told of a job in a list, what matters most first."""
    taken = job["duration"]
    return {
        "ID": job["uid"],
        "TYPE": job["type"],
        "PHASE": job["phase"],
        "RESOURCE": job["resourceName"] or "",
        "TOOK": "" if taken is None else duration(taken),
        "BEGAN": moment(job["submittedAt"]),
        "DONE": f"{job['progress']:.0%}",
        "CLUSTER": job["clusterUID"] or "",
    }


def explain(job: Document, happened: Sequence[Document]) -> None:
    """Tell people how a job is, why, what was tried, and what to do next."""
    name = job["resourceName"] or job["resourceID"] or ""
    typer.echo(f"{job['type']}{f' of {name}' if name else ''}: {_state(job)}\n")
    cause = job["cause"]
    if cause:
        again = "it may go well if it is tried again" if cause["retryable"] else "not as it is"
        print_facts(
            {
                "CAUSE": f"{cause['stepType']}: {cause['message']}",
                "CLASS": cause["class"],
                "CODE": cause["code"] or "",
                "ACTION": cause["action"] or "",
                "TRY AGAIN": again,
            }
        )
        typer.echo()
    typer.echo("What was done:")
    print_aligned(JobTree(job), console())
    said = list(_said(job, happened))
    if said:
        typer.echo("\nWhat was said on the way:")
        for line in said:
            typer.echo(line)
    advice = dict(_advice(job))
    if advice:
        typer.echo()
        print_facts(advice)


def _state(job: Document) -> str:
    taken = "" if job["duration"] is None else f" after {duration(job['duration'])}"
    attempt = f", attempt {job['attempt']}" if job["attempt"] > 1 else ""
    if job["phase"] in FINAL:
        return f"{job['phase']}{taken}{attempt}"
    estimate = job["estimate"] or {}
    slow = ", slower than usual" if estimate.get("slow") else ""
    left = estimate.get("remaining")
    left_words = f", about {duration(left)} left" if left and not slow else ""
    return f"{job['phase']}, {job['progress']:.0%} done{taken}{attempt}{slow}{left_words}"


def _said(job: Document, happened: Sequence[Document]) -> Iterator[str]:
    types = {step["uid"]: step["type"] for step in job["steps"]}
    for event in happened:
        for message in said(job, event["messages"]):
            step = types.get(message["uid"], job["type"])
            yield f"  {moment(event['at'])}  {message['level']:<7}  {step}: {message['text']}"


def _advice(job: Document) -> Iterator[tuple[str, str]]:
    """What is around a job, and which commands do something about it."""
    if job["cancel"]:
        asked = job["cancel"]
        reason = f": {asked['reason']}" if asked["reason"] else ""
        yield (
            "CANCEL ASKED",
            f"{asked['mode']}, asked for at {moment(asked['requestedAt'])}{reason}",
        )
    if job["continues"]:
        yield "CONTINUES", f"clusterwright job explain {job['continues']}"
    if job["continuedBy"]:
        yield "CONTINUED BY", f"clusterwright job explain {job['continuedBy']}"
    if job["actions"]["resume"]:
        yield "RESUME", f"clusterwright job resume {job['uid']}"
    if job["actions"]["cancel"]:
        yield "CANCEL", f"clusterwright job cancel {job['uid']}"
    if job["clusterUID"] and job["type"] != "DeleteCluster":
        yield "CLUSTER", f"clusterwright cluster show {job['clusterUID']}"
