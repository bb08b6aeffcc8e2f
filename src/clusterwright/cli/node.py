"""``clusterwright node``: the nodes of a cluster."""

from collections.abc import Iterator
from typing import Annotated

import typer

from clusterwright.cli import job_screen, machines
from clusterwright.cli.client import Api, connect
from clusterwright.cli.options import (
    EXITS,
    TIMEOUT,
    InCluster,
    Output,
    OutputOption,
    Server,
    Timeout,
    Wait,
)
from clusterwright.cli.output import (
    Document,
    moment,
    print_document,
    print_facts,
    print_list,
)

app = typer.Typer(
    help="Create, look at and delete nodes of a cluster.",
    epilog=EXITS,
    no_args_is_help=True,
    add_completion=False,
)

NodeName = Annotated[str, typer.Argument(metavar="NAME|ID", help="Name or id of a node.")]


@app.command(epilog="Example: clusterwright node create demo worker --count 2")
def create(
    cluster: InCluster,
    name: Annotated[
        str, typer.Argument(help="Name of the new node; of several, what their names begin with.")
    ],
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    flavor: machines.Flavor = machines.FLAVOR,
    zone: machines.Zone = None,
    system: machines.System = machines.SYSTEM,
    ssh_key: machines.SshKey = machines.SSH_KEY,
    root_volume: machines.RootVolume = machines.ROOT_VOLUME,
    data_volume: machines.DataVolume = machines.DATA_VOLUME,
    volume_type: machines.VolumeType = machines.VOLUME_TYPE,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Create nodes and follow their job."""
    api = connect(data)
    uid = api.find_cluster(cluster)["metadata"]["uid"]
    spec = machines.template(
        flavor=flavor,
        zone=zone,
        system=system,
        ssh_key=ssh_key,
        root_volume=root_volume,
        data_volume=data_volume,
        volume_type=volume_type,
    )
    node = api.create_nodes(
        uid,
        {
            "kind": "Node",
            "apiVersion": "v3",
            "metadata": {"name": name},
            "spec": spec | {"count": count},
        },
    )
    promised = node["status"]["jobID"]
    if wait:
        job = job_screen.wait(api, promised, timeout=timeout, output=output)
        _print_made(api, uid, job, output)
        return
    if count == 1 or output is not Output.TABLE:
        _show(node, output)
    else:
        _print_made(api, uid, api.show_job(promised), output)
    job_screen.advise(promised, output)


def _print_made(api: Api, cluster: str, job: Document, output: Output) -> None:
    """For people, list the nodes of a cluster that a job works on."""
    if output is Output.TABLE:
        made = set(_resources(job))
        nodes = [one for one in api.list_nodes(cluster)["items"] if one["metadata"]["uid"] in made]
        print_list({"items": nodes}, output, _facts, none="The nodes are gone already.")


def _resources(job: Document) -> Iterator[str]:
    """What a job and those below it work on."""
    yield job["spec"].get("resourceID", "")
    for below in job["spec"].get("subJobs", ()):
        yield from _resources(below)


@app.command("list", epilog="Example: clusterwright node list demo -o json")
def list_nodes(
    cluster: InCluster, output: OutputOption = Output.TABLE, data: Server = None
) -> None:
    """List the nodes of a cluster."""
    api = connect(data)
    found = api.find_cluster(cluster)["metadata"]
    advice = f"clusterwright node create {found['name']} worker"
    none = f"There are no nodes. Create one with: {advice}"
    print_list(api.list_nodes(found["uid"]), output, _facts, none=none)


@app.command(epilog="Example: clusterwright node show demo worker -o yaml")
def show(
    cluster: InCluster, name: NodeName, output: OutputOption = Output.TABLE, data: Server = None
) -> None:
    """Show a node."""
    api = connect(data)
    _show(api.find_node(api.find_cluster(cluster), name), output)


@app.command(epilog="Example: clusterwright node delete demo worker --no-wait")
def delete(
    cluster: InCluster,
    name: NodeName,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Delete a node and follow its job."""
    api = connect(data)
    where = api.find_cluster(cluster)
    found = api.find_node(where, name)["metadata"]
    node = api.delete_node(where["metadata"]["uid"], found["uid"])
    job, said = node["status"]["jobID"], f"Node {found['name']} is"
    if not wait:
        job_screen.promise_end(node, job, f"{said} being deleted.", output)
        return
    job_screen.wait(api, job, timeout=timeout, output=output)
    if output is Output.TABLE:
        typer.echo(f"{said} deleted.")


def _show(node: Document, output: Output) -> None:
    if output is not Output.TABLE:
        print_document(node, output)
        return
    spec, status = node["spec"], node["status"]
    disks = [spec["rootVolume"], *spec.get("dataVolumes", ())] if "rootVolume" in spec else []
    print_facts(
        _facts(node)
        | {
            "PUBLIC IP": status.get("publicIP", ""),
            "OS": spec.get("os", ""),
            "DISKS": ", ".join(f"{disk['size']} GiB {disk['volumetype']}" for disk in disks),
            "SERVER": status.get("serverId", ""),
            "JOB": status.get("jobID", ""),
            "REASON": status.get("reason", ""),
        }
    )


def _facts(node: Document) -> dict[str, str]:
    """What is told of a node where there is one line for it, what matters most first."""
    metadata, spec, status = node["metadata"], node["spec"], node["status"]
    return {
        "NAME": metadata["name"],
        "ID": metadata["uid"],
        "PHASE": status["phase"],
        "IP": status.get("privateIP", ""),
        "POOL": metadata.get("ownerReferences", {}).get("nodepoolName", ""),
        "FLAVOR": spec["flavor"],
        "ZONE": spec.get("az", ""),
        "CREATED": moment(metadata["creationTimestamp"]),
    }
