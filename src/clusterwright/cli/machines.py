"""What nodes are made of, asked for alike by ``node create`` and ``nodepool create``."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from clusterwright.cli.output import Document

Flavor = Annotated[str, typer.Option(help="Size of each node.")]
Zone = Annotated[
    str | None, typer.Option(help="Availability zone.", show_default="the server's choice")
]
System = Annotated[str, typer.Option("--os", help="Operating system.")]
SshKey = Annotated[str, typer.Option(help="Name of the key pair to log in with.")]
RootVolume = Annotated[int, typer.Option(min=1, help="GiB of the system disk.")]
DataVolume = Annotated[int, typer.Option(min=0, help="GiB of the data disk; 0 for none.")]
VolumeType = Annotated[str, typer.Option(help="Kind of both disks.")]

FLAVOR = "s6.large.2"
SYSTEM = "Huawei Cloud EulerOS 2.0"
SSH_KEY = "default"
ROOT_VOLUME = 40
DATA_VOLUME = 100
VOLUME_TYPE = "SAS"


def template(
    *,
    flavor: str,
    zone: str | None,
    system: str,
    ssh_key: str,
    root_volume: int,
    data_volume: int,
    volume_type: str,
) -> dict[str, Any]:
    """What one node is made of (API reference, 5.1)."""
    made: dict[str, Any] = {
        "flavor": flavor,
        "os": system,
        "login": {"sshKey": ssh_key},
        "rootVolume": {"size": root_volume, "volumetype": volume_type},
    }
    if zone:
        made["az"] = zone
    if data_volume:
        made["dataVolumes"] = [{"size": data_volume, "volumetype": volume_type}]
    return made


def jobs_of(nodes: list[Document], pool: str) -> list[str]:
    """The jobs that work on nodes of a pool, each once."""
    return list(dict.fromkeys(_jobs_of(nodes, pool)))


def _jobs_of(nodes: list[Document], pool: str) -> Iterator[str]:
    for node in nodes:
        job = node["status"].get("jobID")
        if job and node["metadata"].get("ownerReferences", {}).get("nodepoolID") == pool:
            yield job
