"""``clusterwright kubernetes``: the programs that real clusters of this host are made of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterwright.cli.folder import configured
from clusterwright.cli.options import EXIT_FAILED, EXIT_INTERRUPTED, Data, Output, OutputOption
from clusterwright.cli.output import console, fail, print_document, print_facts, print_rows

if TYPE_CHECKING:
    from clusterwright.drivers.local.binaries import Binaries
    from clusterwright.drivers.local.host import Check

app = typer.Typer(
    help="Find and install the programs of real Kubernetes; tell what this host can run.",
    no_args_is_help=True,
    add_completion=False,
)

BinDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder with a folder for each version (CLUSTERWRIGHT_KUBERNETES_BIN_DIR).",
        show_default="clusterwright/kubernetes in your data folder",
        file_okay=False,
    ),
]
Archives = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        metavar="ARCHIVE",
        help="Take the programs from this archive, folder or program, without a network;"
        " may be repeated.",
    ),
]


@app.command("list", epilog="Example: clusterwright kubernetes list -o json")
def list_versions(bin_dir: BinDir = None, output: OutputOption = Output.TABLE) -> None:
    """Print the programs found on this host, and which versions of clusters can run."""
    from clusterwright.cce.offers import VERSIONS
    from clusterwright.drivers.local import binaries

    found = binaries.installed(_folder(bin_dir))
    versions = [_version(version, found) for version in VERSIONS]
    if output is not Output.TABLE:
        installed = [_installed(each) for each in found]
        print_document({"installed": installed, "versions": versions}, output)
        return
    if not found:
        typer.echo("No programs of Kubernetes were found.")
    else:
        rows = [[each.version, each.place, _lack(each)] for each in found]
        print_rows(["PROGRAMS", "PLACE", "WITHOUT"], rows)
    typer.echo()
    print_rows(
        ["CLUSTER VERSION", "RUNS", "BY"],
        [[row["version"], "yes" if row["runs"] else "no", _told_by(row)] for row in versions],
    )


@app.command(epilog="Example: clusterwright kubernetes install v1.34.4")
def install(
    version: Annotated[
        str, typer.Argument(help="A version such as v1.34.4, or v1.34 for its newest patch.")
    ],
    sources: Archives = None,
    bin_dir: BinDir = None,
) -> None:
    """Install a version: its published files and etcd's, each checked; or those of --from."""
    from clusterwright.drivers.local import releases

    settings = configured({"kubernetes_bin_dir": bin_dir})
    folder = settings.kubernetes_folder
    sites = releases.Sites(
        kubernetes=settings.kubernetes_release_url.rstrip("/"),
        etcd=settings.etcd_release_url.rstrip("/"),
    )
    try:
        if sources:
            names = releases.unpack(_patch(version), folder, sources)
            typer.echo(f"Installed {', '.join(sorted(names))} in {folder / _patch(version)}")
            return
        wanted = releases.exact(version, sites)
        if releases.is_installed(wanted, folder):
            typer.echo(f"{wanted} is installed already in {folder / wanted}")
            return
        with _bars() as progress:
            target = releases.download(wanted, folder, sites, progress)
        typer.echo(f"Installed {wanted} in {target}")
    except releases.InstallationFailed as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("Interrupted. Run the same command again to go on.", EXIT_INTERRUPTED)


@app.command("import", epilog="Example: clusterwright kubernetes import web.tar")
def import_images(
    given: Annotated[
        list[Path],
        typer.Argument(
            metavar="ARCHIVE|PROGRAM",
            help="What docker save or a builder wrote, or a statically linked program.",
        ),
    ],
    data: Data = None,
) -> None:
    """Give images to all real nodes of this host, now and later, without a registry."""
    from clusterwright.drivers.local import archives

    folder = configured({"data": data}).local_folder / archives.FOLDER
    for each in given:
        try:
            names = archives.keep(each, folder)
        except archives.NoImages as error:
            fail(str(error))
        except OSError as error:
            fail(f"{each} cannot be kept in {folder}: {error}")
        typer.echo(f"Real nodes will have {', '.join(names)}")


@app.command(epilog="Example: clusterwright kubernetes check -o json")
def check(bin_dir: BinDir = None, output: OutputOption = Output.TABLE) -> None:
    """Tell what this host can run, and how to get what is missing.

    The exit code is 0 where control planes can run, nodes or not, and else 1.
    """
    from clusterwright.cce.offers import VERSIONS
    from clusterwright.drivers.local import binaries, host

    found = binaries.runnable(VERSIONS, _folder(bin_dir))
    newest = next(iter(found.values()), None)
    place = newest.place if newest else ""
    checks = host.check(newest)
    able = {purpose: not host.lacking(checks, purpose) for purpose in host.Purpose}
    if output is not Output.TABLE:
        document = {
            "versions": list(found),
            "place": place,
            "able": {purpose.name.lower(): can for purpose, can in able.items()},
            "checks": [_check(each) for each in checks],
        }
        print_document(document, output)
    else:
        titles = ["NEEDED FOR", "LOOKED FOR", "", "FOUND"]
        rows = [[c.purpose.value, c.name, _mark(c), c.found] for c in checks]
        if any(c.remedy for c in checks):
            titles.append("WHAT TO DO")
            rows = [[*row, c.remedy] for row, c in zip(rows, checks, strict=True)]
        print_rows(titles, rows)
        typer.echo()
        told = {purpose.value: "yes" if can else "no" for purpose, can in able.items()}
        print_facts({"versions": ", ".join(found) or "none", "programs": place} | told)
    if not able[host.Purpose.CONTROL_PLANES]:
        raise typer.Exit(EXIT_FAILED)


def _folder(bin_dir: Path | None) -> Path:
    return configured({"kubernetes_bin_dir": bin_dir}).kubernetes_folder


def _patch(version: str) -> str:
    """A full version. Archives do not tell which patch of a minor version they are."""
    wanted = f"v{version.removeprefix('v')}"
    if wanted.count(".") != 2 or not wanted[1:].replace(".", "").isdecimal():
        fail(f"{version} is no full version. With --from give one such as v1.34.4.")
    return wanted


def _version(version: str, found: "list[Binaries]") -> dict[str, Any]:
    from clusterwright.drivers.contract import DriverError
    from clusterwright.drivers.local.binaries import choose

    try:
        by = choose(version, found)
    except DriverError as error:
        return {"version": version, "runs": False, "by": "", "emulated": False, "why": str(error)}
    emulated = bool(by.emulated_version)
    return {"version": version, "runs": True, "by": by.version, "emulated": emulated, "why": ""}


def _told_by(row: dict[str, Any]) -> str:
    if not row["runs"]:
        return str(row["why"])
    return f"{row['by']}, which acts as it" if row["emulated"] else str(row["by"])


def _installed(found: "Binaries") -> dict[str, Any]:
    return {
        "version": found.version,
        "place": found.place,
        "programs": {name: str(path) for name, path in found.paths.items()},
        "missing": _missing(found),
    }


def _missing(found: "Binaries") -> list[str]:
    from clusterwright.drivers.local.binaries import COMPANIONS, KUBERNETES, STAGES

    return list(found.missing((*KUBERNETES, *COMPANIONS, STAGES)))


def _lack(found: "Binaries") -> str:
    return ", ".join(_missing(found)) or "-"


def _check(found: "Check") -> dict[str, Any]:
    return {
        "name": found.name,
        "needed_for": found.purpose.name.lower(),
        "well": found.well,
        "found": found.found,
        "remedy": found.remedy,
    }


def _mark(found: "Check") -> str:
    return "ok" if found.well else "missing"


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for each file on a terminal, and a line for each anywhere else."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    screen = console(stderr=True)
    tasks: dict[str, Any] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns, TransferSpeedColumn(), console=screen, disable=not screen.is_terminal
    ) as bars:

        def show(name: str, here: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total or None)
                if not screen.is_terminal:
                    screen.print(f"Downloading {name}, {total / 1e6:.0f} MB")
            bars.update(tasks[name], completed=here, total=total or None)

        yield show
