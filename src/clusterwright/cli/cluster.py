"""``clusterwright cluster``: create, look at, use and delete clusters."""

import os
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer

from clusterwright.cli import Deferred, job_screen, kubeconfig, phase_screen
from clusterwright.cli.client import Api, connect
from clusterwright.cli.options import (
    EXITS,
    TIMEOUT,
    ClusterName,
    Output,
    OutputOption,
    Server,
    Timeout,
    Wait,
)
from clusterwright.cli.output import (
    Document,
    fail,
    moment,
    print_document,
    print_facts,
    print_list,
)

app = typer.Typer(
    help="Create, look at, use and delete clusters.",
    epilog=EXITS,
    no_args_is_help=True,
    add_completion=False,
)
_ADMIN = {
    "logs": "Print the logs of a real cluster's control plane, from the server's data folder.",
    "snapshot": "Write the state of a real cluster into a file, by etcd's own means.",
    "restore": "Put a snapshot in the place of a real cluster's state.",
}
"""Commands for whoever runs the server. Their modules, the server's, are loaded when called."""
for _name, _help in _ADMIN.items():
    app.add_typer(typer.Typer(cls=Deferred), name=_name, help=_help)

_BUSY = ("Hibernating", "Awaking")
LONGEST_DAYS = 1827
"""Of a certificate: five years (API reference, 4.8)."""


class Mode(StrEnum):
    """Network modes of pods."""

    OVERLAY = "overlay_l2"
    ROUTER = "vpc-router"
    ENI = "eni"


@app.command(epilog="Example: clusterwright cluster create demo --flavor cce.s2.small")
def create(
    name: Annotated[str, typer.Argument(help="Name of the new cluster.")],
    version: Annotated[
        str | None, typer.Option(help="Kubernetes version.", show_default="the newest")
    ] = None,
    flavor: Annotated[
        str, typer.Option(help="Size: s1 has one control-plane server, s2 has three.")
    ] = "cce.s1.small",
    vpc: Annotated[str, typer.Option(help="Id of the nodes' network.")] = "default",
    subnet: Annotated[str, typer.Option(help="Id of the nodes' subnet.")] = "default",
    mode: Annotated[Mode, typer.Option(help="Network mode of the pods.")] = Mode.ROUTER,
    cidr: Annotated[
        str | None,
        typer.Option(help="Address range of the pods.", show_default="the server's choice"),
    ] = None,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Create a cluster and follow its job."""
    api = connect(data)
    body = request(
        name, version=version, flavor=flavor, vpc=vpc, subnet=subnet, mode=mode, cidr=cidr
    )
    cluster = api.create_cluster(body)
    if not wait:
        _print_promise(cluster, output)
        return
    job_screen.wait(api, cluster["status"]["jobID"], timeout=timeout, output=output)
    if output is Output.TABLE:
        show_cluster(api.show_cluster(cluster["metadata"]["uid"]), output)


def request(
    name: str,
    *,
    version: str | None = None,
    flavor: str = "cce.s1.small",
    vpc: str = "default",
    subnet: str = "default",
    mode: Mode = Mode.ROUTER,
    cidr: str | None = None,
) -> Document:
    """The document that asks for a cluster (API reference, 4.1)."""
    spec: dict[str, Any] = {
        "flavor": flavor,
        "hostNetwork": {"vpc": vpc, "subnet": subnet},
        "containerNetwork": {"mode": mode.value},
    }
    if version:
        spec["version"] = version
    if cidr:
        spec["containerNetwork"]["cidrs"] = [{"cidr": cidr}]
    if mode is Mode.ENI:
        spec["eniNetwork"] = {"subnets": [{"subnetID": subnet}]}
    return {"kind": "Cluster", "apiVersion": "v3", "metadata": {"name": name}, "spec": spec}


@app.command("list")
def list_clusters(output: OutputOption = Output.TABLE, data: Server = None) -> None:
    """List the project's clusters."""
    print_list(
        connect(data).list_clusters(),
        output,
        _facts,
        none="There are no clusters. Create one with: clusterwright cluster create demo",
    )


@app.command(epilog="Example: clusterwright cluster show demo -o yaml")
def show(name: ClusterName, output: OutputOption = Output.TABLE, data: Server = None) -> None:
    """Show a cluster."""
    show_cluster(connect(data).find_cluster(name), output)


@app.command("kubeconfig", epilog="Example: clusterwright cluster kubeconfig demo --save")
def show_kubeconfig(
    name: ClusterName,
    save: Annotated[
        bool,
        typer.Option(
            "--save",
            help="Merge it into $KUBECONFIG or ~/.kube/config, as the current context.",
        ),
    ] = False,
    days: Annotated[
        int, typer.Option(min=1, max=LONGEST_DAYS, help="How long its certificate is good.")
    ] = 365,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="CONTEXT",
            help="Which of its contexts: internal, external or externalTLSVerify.",
            show_default="external where the cluster has a public address",
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Print a cluster's kubeconfig, private key included, or save it for kubectl."""
    api = connect(data)
    whole = api.find_cluster(name)
    cluster = whole["metadata"]
    found = api.create_certificate(cluster["uid"], days)
    kubeconfig.name_server(found, whole)
    known = kubeconfig.contexts(found)
    chosen = address or found["current-context"]
    if chosen not in known:
        fail(f"The kubeconfig has no context {chosen}. It has {', '.join(known)}.")
    if not save:
        # For people too it is YAML: what kubectl reads.
        form = Output.YAML if output is Output.TABLE else output
        print_document(dict(found) | {"current-context": chosen}, form)
        return
    context = f"clusterwright-{cluster['name']}"
    path = kubeconfig.file_of_user(os.environ)
    try:
        kubeconfig.save(kubeconfig.only(found, chosen, name=context), path)
    except kubeconfig.CannotSave as error:
        fail(f"Nothing was saved in {path}. {error}")
    if output is not Output.TABLE:
        print_document({"file": str(path), "context": context}, output)
        return
    typer.echo(f"Saved in {path}. kubectl's context is now {context}.")


@app.command(epilog="Example: clusterwright cluster hibernate demo")
def hibernate(
    name: ClusterName,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Let a cluster sleep: its control plane stops, and what it knows is kept."""
    api = connect(data)
    _bring(
        api, api.hibernate_cluster, name, "Hibernation", wait=wait, timeout=timeout, output=output
    )


@app.command(epilog="Example: clusterwright cluster awake demo")
def awake(
    name: ClusterName,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Start the control plane of a cluster that sleeps."""
    api = connect(data)
    _bring(api, api.awake_cluster, name, "Available", wait=wait, timeout=timeout, output=output)


@app.command(epilog="Example: clusterwright cluster delete demo --no-wait")
def delete(
    name: ClusterName,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Delete a cluster and follow its job."""
    api = connect(data)
    cluster = api.delete_cluster(api.find_cluster(name)["metadata"]["uid"])
    job, said = cluster["status"]["jobID"], f"Cluster {cluster['metadata']['name']} is"
    if not wait:
        job_screen.promise_end(cluster, job, f"{said} being deleted.", output)
        return
    job_screen.wait(api, job, timeout=timeout, output=output)
    if output is Output.TABLE:
        typer.echo(f"{said} deleted.")


def _bring(
    api: Api,
    ask: Callable[[str], None],
    name_or_id: str,
    wished: str,
    *,
    wait: bool,
    timeout: float,
    output: Output,
) -> None:
    """Ask for a cluster to change, follow it to the phase that was wished, and print it."""
    cluster = api.find_cluster(name_or_id)["metadata"]
    uid, name = cluster["uid"], cluster["name"]
    ask(uid)

    def look() -> str:
        return str(api.show_cluster(uid)["status"]["phase"])

    phase = wished
    if wait:
        what = f"Cluster {name}"
        phase = phase_screen.follow(api, uid, what, look, _BUSY, timeout=timeout, output=output)
    found = api.show_cluster(uid)
    show_cluster(found, output)
    if phase != wished:
        job = api.peek_latest_job(uid)
        advice = f"\nWhy, and what to do: clusterwright job explain {job}" if job else ""
        fail(f"Cluster {name} is {phase}: {found['status'].get('reason', '')}{advice}")


def show_cluster(cluster: Document, output: Output) -> None:
    """Print one cluster."""
    if output is not Output.TABLE:
        print_document(cluster, output)
        return
    spec, status = cluster["spec"], cluster["status"]
    print_facts(
        _facts(cluster)
        | {
            "NETWORK": spec["containerNetwork"]["mode"],
            "ENDPOINTS": ", ".join(each["url"] for each in status.get("endpoints", ())),
            "JOB": status.get("jobID", ""),
            "REASON": status.get("reason", ""),
        }
    )


def _facts(cluster: Document) -> dict[str, str]:
    """What is told of a cluster where there is one line for it."""
    metadata, spec = cluster["metadata"], cluster["spec"]
    return {
        "NAME": metadata["name"],
        "ID": metadata["uid"],
        "PHASE": cluster["status"]["phase"],
        "VERSION": spec["version"],
        "FLAVOR": spec["flavor"],
        "CREATED": moment(metadata["creationTimestamp"]),
    }


def _print_promise(cluster: Document, output: Output) -> None:
    """Print a cluster that a job works on, and for people how to follow that job."""
    show_cluster(cluster, output)
    job_screen.advise(cluster["status"]["jobID"], output)
