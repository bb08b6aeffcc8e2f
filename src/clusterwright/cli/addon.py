"""``clusterwright addon``: the add-ons of a cluster, and what can be installed."""

import json
from typing import Annotated, Any

import typer

from clusterwright.cli import phase_screen
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
)

app = typer.Typer(
    help="Find, install, look at and delete add-ons of a cluster.",
    epilog=EXITS,
    no_args_is_help=True,
    add_completion=False,
)

AddonName = Annotated[str, typer.Argument(metavar="NAME|ID", help="Name or id of an add-on.")]
_BUSY = ("installing", "upgrading", "rollbacking", "deleting")
_GOOD = ("running", "available")
_GONE = "gone"


@app.command(epilog="Example: clusterwright addon templates metrics-server -o yaml")
def templates(
    name: Annotated[str | None, typer.Argument(help="Only the one of that name.")] = None,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """List what can be installed."""
    found = connect(data).list_addon_templates(name)
    print_list(found, output, _template_facts, none=f"There is no add-on {name}.")


@app.command(epilog="Example: clusterwright addon install demo metrics-server")
def install(
    cluster: InCluster,
    name: Annotated[str, typer.Argument(help="Name of the add-on, as addon templates lists it.")],
    version: Annotated[
        str | None, typer.Option(help="Its version.", show_default="the newest that fits")
    ] = None,
    values: Annotated[
        str | None, typer.Option(metavar="JSON", help="Its values, as one JSON object.")
    ] = None,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Install an add-on and wait until it runs."""
    spec: dict[str, Any] = {"addonTemplateName": name}
    if version:
        spec["version"] = version
    if values:
        spec["values"] = _values(values)
    api = connect(data)
    uid = api.find_cluster(cluster)["metadata"]["uid"]
    body = {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {"annotations": {"addon.install/type": "install"}},
        "spec": spec | {"clusterID": uid},
    }
    addon = api.install_addon(body)
    if wait:
        _wait(api, uid, addon, timeout=timeout, output=output)
        addon = _find(api, uid, addon["metadata"]["uid"]) or addon
    _show(addon, output)
    status = addon["status"]
    if wait and status["status"] not in _GOOD:
        fail(f"Add-on {name} is {status['status']}: {status.get('message') or 'no reason given'}")


def _values(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"--values is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise typer.BadParameter("--values must be a JSON object.")
    return found


@app.command("list", epilog="Example: clusterwright addon list demo -o json")
def list_addons(
    cluster: InCluster, output: OutputOption = Output.TABLE, data: Server = None
) -> None:
    """List the add-ons of a cluster."""
    api = connect(data)
    found = api.find_cluster(cluster)["metadata"]
    none = "There are no add-ons. See what can be installed with: clusterwright addon templates"
    print_list(api.list_addons(found["uid"]), output, _facts, none=none)


@app.command(epilog="Example: clusterwright addon show demo coredns -o yaml")
def show(
    cluster: InCluster, name: AddonName, output: OutputOption = Output.TABLE, data: Server = None
) -> None:
    """Show an add-on."""
    api = connect(data)
    _show(api.find_addon(api.find_cluster(cluster), name), output)


@app.command(epilog="Example: clusterwright addon delete demo metrics-server")
def delete(
    cluster: InCluster,
    name: AddonName,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Delete an add-on and wait until it is gone."""
    api = connect(data)
    where = api.find_cluster(cluster)
    uid, found = where["metadata"]["uid"], api.find_addon(where, name)
    addon = api.delete_addon(uid, found["metadata"]["uid"])
    if not wait:
        _show(addon, output)
        return
    phase = _wait(api, uid, addon, timeout=timeout, output=output)
    if phase != _GONE:
        fail(f"Add-on {found['metadata']['name']} is {phase}.")
    if output is Output.TABLE:
        typer.echo(f"Add-on {found['metadata']['name']} is deleted.")
    else:
        print_document(addon, output)


def _find(api: Api, cluster: str, uid: str) -> Document | None:
    items: list[Document] = api.list_addons(cluster)["items"]
    return next((one for one in items if one["metadata"]["uid"] == uid), None)


def _wait(api: Api, cluster: str, addon: Document, *, timeout: float, output: Output) -> str:
    """The status of an add-on that nothing more is done with, or that it is gone."""
    uid = addon["metadata"]["uid"]

    def look() -> str:
        found = _find(api, cluster, uid)
        return str(found["status"]["status"]) if found else _GONE

    what = f"Add-on {addon['metadata']['name']}"
    return phase_screen.follow(api, uid, what, look, _BUSY, timeout=timeout, output=output)


def _show(addon: Document, output: Output) -> None:
    if output is not Output.TABLE:
        print_document(addon, output)
        return
    spec, status = addon["spec"], addon["status"]
    print_facts(
        _facts(addon)
        | {
            "DESCRIPTION": spec.get("description", ""),
            "VALUES": json.dumps(spec["values"], ensure_ascii=False) if spec.get("values") else "",
            "REASON": status.get("Reason", ""),
        }
    )


def _facts(addon: Document) -> dict[str, str]:
    """What is told of an add-on where there is one line for it, what matters most first."""
    metadata, spec, status = addon["metadata"], addon["spec"], addon["status"]
    newer = [one for one in status.get("targetVersions", ()) if one != spec["version"]]
    return {
        "NAME": metadata["name"],
        "ID": metadata["uid"],
        "STATUS": status["status"],
        "VERSION": spec["version"],
        "NEWER": newer[0] if newer else "",
        "CREATED": moment(metadata["creationTimestamp"]),
    }


def _template_facts(template: Document) -> dict[str, str]:
    spec = template["spec"]
    return {
        "NAME": template["metadata"]["name"],
        "VERSIONS": ", ".join(one["version"] for one in spec["versions"]),
        "FOR": ", ".join(spec["labels"]),
        "DESCRIPTION": spec["description"],
    }
