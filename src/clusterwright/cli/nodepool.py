"""``clusterwright nodepool``: groups of nodes of one kind, whose size can change."""

import time
from typing import Annotated

import typer

from clusterwright.cli import job_screen, machines, phase_screen
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
    fail,
    moment,
    print_document,
    print_facts,
    print_list,
    progress,
)

app = typer.Typer(
    help="Create, look at, scale and delete node pools of a cluster.",
    epilog=EXITS,
    no_args_is_help=True,
    add_completion=False,
)

PoolName = Annotated[str, typer.Argument(metavar="NAME|ID", help="Name or id of a node pool.")]
READY = "Ready"
"""For people: the API's phase is empty then."""
_BUSY = ("Synchronizing", "Synchronized", "Deleting")


@app.command(epilog="Example: clusterwright nodepool create demo workers --count 2")
def create(
    cluster: InCluster,
    name: Annotated[str, typer.Argument(help="Name of the new node pool.")],
    count: Annotated[int, typer.Option(min=0, help="How many nodes it has at first.")] = 0,
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
    """Create a node pool and follow the jobs of its nodes."""
    api = connect(data)
    uid = api.find_cluster(cluster)["metadata"]["uid"]
    made = machines.template(
        flavor=flavor,
        zone=zone,
        system=system,
        ssh_key=ssh_key,
        root_volume=root_volume,
        data_volume=data_volume,
        volume_type=volume_type,
    )
    spec = {"initialNodeCount": count, "nodeTemplate": made}
    body = {"kind": "NodePool", "apiVersion": "v3", "metadata": {"name": name}, "spec": spec}
    pool = api.create_pool(uid, body)
    _conclude(api, uid, pool, wait=wait, timeout=timeout, output=output)


@app.command("list", epilog="Example: clusterwright nodepool list demo -o json")
def list_pools(
    cluster: InCluster, output: OutputOption = Output.TABLE, data: Server = None
) -> None:
    """List the node pools of a cluster."""
    api = connect(data)
    found = api.find_cluster(cluster)["metadata"]
    advice = f"clusterwright nodepool create {found['name']} workers"
    none = f"There are no node pools. Create one with: {advice}"
    print_list(api.list_pools(found["uid"]), output, _facts, none=none)


@app.command(epilog="Example: clusterwright nodepool show demo workers -o yaml")
def show(
    cluster: InCluster, name: PoolName, output: OutputOption = Output.TABLE, data: Server = None
) -> None:
    """Show a node pool."""
    api = connect(data)
    _show(api.find_pool(api.find_cluster(cluster), name), output)


@app.command(epilog="Example: clusterwright nodepool scale demo workers 5")
def scale(
    cluster: InCluster,
    name: PoolName,
    count: Annotated[int, typer.Argument(min=0, help="How many nodes it shall have.")],
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Bring a node pool to another size and follow the jobs of its nodes."""
    api = connect(data)
    where = api.find_cluster(cluster)
    uid, pool = where["metadata"]["uid"], api.find_pool(where, name)["metadata"]["uid"]
    spec = {"desiredNodeCount": count, "scaleGroups": ["default"]}
    api.scale_pool(uid, pool, {"kind": "NodePool", "apiVersion": "v3", "spec": spec})
    found = api.show_pool(uid, pool)
    _conclude(api, uid, found, wait=wait, timeout=timeout, output=output)


@app.command(epilog="Example: clusterwright nodepool delete demo workers")
def delete(
    cluster: InCluster,
    name: PoolName,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Delete a node pool with its nodes and follow its job."""
    api = connect(data)
    where = api.find_cluster(cluster)
    found = api.find_pool(where, name)["metadata"]
    pool = api.delete_pool(where["metadata"]["uid"], found["uid"])
    job, said = pool["status"]["jobId"], f"Node pool {found['name']} is"
    if not wait:
        job_screen.promise_end(pool, job, f"{said} being deleted.", output)
        return
    job_screen.wait(api, job, timeout=timeout, output=output)
    if output is Output.TABLE:
        typer.echo(f"{said} deleted.")


def _conclude(
    api: Api, cluster: str, pool: Document, *, wait: bool, timeout: float, output: Output
) -> None:
    """Follow the jobs of a pool's nodes, which it does not name itself, and print the pool."""
    uid = pool["metadata"]["uid"]
    jobs = machines.jobs_of(api.list_nodes(cluster)["items"], uid)
    if not wait:
        _show(pool, output)
        for job in jobs:
            job_screen.advise(job, output)
        return
    deadline = time.monotonic() + timeout
    ended = []
    for job in jobs:
        left = max(0.0, deadline - time.monotonic())
        with job_screen.leaving(job):
            ended.append(job_screen.follow(api, job, timeout=left, screen=progress(output)))
    for one in ended:
        job_screen.conclude(one, timeout=timeout)
    phase = phase_screen.wait(
        f"Node pool {pool['metadata']['name']}",
        lambda: api.show_pool(cluster, uid)["status"]["phase"],
        _BUSY,
        timeout=max(0.0, deadline - time.monotonic()),
        output=output,
    )
    pool = api.show_pool(cluster, uid)
    _show(pool, output)
    if phase:
        fail(f"Node pool {pool['metadata']['name']} is {phase}: {_reason(pool)}")


def _show(pool: Document, output: Output) -> None:
    if output is not Output.TABLE:
        print_document(pool, output)
        return
    spec, status = pool["spec"], pool["status"]
    made = spec["nodeTemplate"]
    scaling = spec.get("autoscaling", {})
    limits = f"{scaling.get('minNodeCount', 0)} to {scaling.get('maxNodeCount', 0)}"
    print_facts(
        _facts(pool)
        | {
            "OS": made.get("os", ""),
            "AUTOSCALING": limits if scaling.get("enable") else "",
            "JOB": status.get("jobId", ""),
            "REASON": _reason(pool),
        }
    )


def _reason(pool: Document) -> str:
    return "; ".join(each.get("message", "") for each in pool["status"].get("conditions", ()))


def _facts(pool: Document) -> dict[str, str]:
    """What is told of a pool where there is one line for it, what matters most first."""
    metadata, spec, status = pool["metadata"], pool["spec"], pool["status"]
    made = spec["nodeTemplate"]
    return {
        "NAME": metadata["name"],
        "ID": metadata["uid"],
        "PHASE": status["phase"] or READY,
        "NODES": f"{status.get('activeNode', 0)}/{spec['initialNodeCount']}",
        "FLAVOR": made["flavor"],
        "ZONE": made.get("az", ""),
        "CREATED": moment(metadata.get("creationTimestamp", "")),
    }
