"""``clusterwright serve``: one server process in the foreground."""

import asyncio
import gc
import ipaddress
import json
import logging
import os
import shutil
import sys
from errno import EADDRINUSE
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from clusterwright import heap, telemetry
from clusterwright.cli import stopping
from clusterwright.cli.folder import (
    CREDENTIALS_FILE,
    ENDPOINT_FILE,
    configured,
    private_files,
    without_password,
    wrong_setting,
)
from clusterwright.cli.options import EXIT_FAILED, Data, DatabaseUrl
from clusterwright.cli.output import leave
from clusterwright.cli.stopping import Stop
from clusterwright.settings import Settings

if TYPE_CHECKING:
    from clusterwright.web.edge import Edge
    from clusterwright.web.listener import Limits, Listener

app = typer.Typer(add_completion=False)
log = logging.getLogger(__name__)

HEALTH_PATHS = ("/healthz", "/readyz")
PROBE_SECONDS = 0.5
"""How long a probe may still take when everything else has ended."""
HEALTH_CONNECTIONS = 128
"""Connections of the health port: probes, and nobody else."""
Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port; 0 picks one.", show_default="8900")]
DriverName = Annotated[
    str | None,
    typer.Option(
        metavar="simulated|local", help="Driver of new clusters.", show_default="simulated"
    ),
]
NodeKind = Annotated[
    str | None,
    typer.Option(
        metavar="simulated|real",
        help="Nodes of the driver local: simulated, or real, as root.",
        show_default="simulated",
    ),
]
Spares = Annotated[
    int | None,
    typer.Option(help="Real control planes that are started ahead.", show_default="0"),
]
Pace = Annotated[
    float | None,
    typer.Option(help="Speed of the simulated driver; 0 is at once.", show_default="1"),
]


@app.command(epilog="Example: clusterwright serve --port 0 --pace 8")
def serve(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    database: DatabaseUrl = None,
    driver: DriverName = None,
    nodes: NodeKind = None,
    spares: Spares = None,
    pace: Pace = None,
) -> None:
    """Serve the API. Every option can also be given as CLUSTERWRIGHT_<NAME>."""
    given = {
        "host": host,
        "port": port,
        "data": data,
        "database": database,
        "driver": driver,
        "nodes": nodes,
        "spares": spares,
        "pace": pace,
    }
    stopping.die_quietly()
    settings = configured(given)
    telemetry.configure(settings.log_level)
    _warn_of_unknown_variables()
    heap.give_back_large_blocks()
    try:
        with private_files():
            asyncio.run(_serve(settings))
    finally:
        stopping.ignore_signals()


def _warn_of_unknown_variables() -> None:
    prefix = "CLUSTERWRIGHT_"
    known = {f"{prefix}{name.upper()}" for name in Settings.model_fields}
    for name in sorted(os.environ):
        # Names of settings are the same in small letters.
        if name.upper().startswith(prefix) and name.upper() not in known:
            log.warning("no setting has this name, so it does nothing", extra={"variable": name})


def _leave(sentence: str) -> NoReturn:
    leave(sentence, EXIT_FAILED)


COLLECTIONS = (5_000, 5, 400)
"""New objects before Python looks for garbage among them, and how many such looks before it looks
among older and among all objects. A look at all keeps everybody waiting for tens of milliseconds
while a job on 2,000 nodes is in memory, and finds nothing: what ends here ends by its count. A look
at older ones takes 5 ms at 25,000 objects.
"""


async def _serve(settings: Settings) -> None:
    stop = Stop(settings.stop_grace_seconds)
    # Imported here so that other commands start fast. What imports make stays for good: looking
    # for garbage among it would cost a tenth of the start and again at every later collection.
    gc.disable()
    from clusterwright.postponed import postpone

    postpone(settings)
    from sqlalchemy.exc import DBAPIError

    from clusterwright.app import open_app
    from clusterwright.cce.inside.door import DoorTaken
    from clusterwright.document import Malformed
    from clusterwright.iam.server_key import KeyChanged
    from clusterwright.jobs.lock import AlreadyRunning
    from clusterwright.storage import data_folder
    from clusterwright.storage.database import StorageUnavailable
    from clusterwright.storage.migrations import NewerSchema

    try:
        main, health = _listeners(settings)
        settings = settings.model_copy(update={"port": main.port})
        data_folder.prepare(settings)
        async with open_app(settings) as app:
            gc.freeze()
            gc.set_threshold(*COLLECTIONS)
            gc.enable()
            if not stop.asked.is_set():
                await _run(app, main, health, settings, stop)
    except data_folder.FolderError as error:
        wrong_setting(f"CLUSTERWRIGHT_DATA: {error}")
    except Malformed as error:
        wrong_setting(f"CLUSTERWRIGHT_FAULTS: {error}")
    except KeyChanged as error:
        wrong_setting(str(error))
    except (AlreadyRunning, DoorTaken, data_folder.FolderGone, NewerSchema) as error:
        _leave(str(error))
    except StorageUnavailable as error:
        _leave(f"The database cannot be used: {str(error).partition(chr(10))[0]}")
    except DBAPIError as error:
        log.debug("the database failed", exc_info=error)
        _leave(f"The database cannot be used: {error.orig}")


def _listeners(settings: Settings) -> tuple["Listener", "Listener | None"]:
    """The ports of the server, taken and not yet open: the API's, and that of probes."""
    from clusterwright.web.listener import Limits, affordable

    connections = affordable(settings.connections)
    if connections < settings.connections:
        log.warning(
            "serving fewer connections: raise the limit of open files (ulimit -n, LimitNOFILE)",
            extra={"connections": connections, "wanted": settings.connections},
        )
    clocks = (settings.head_seconds, settings.answer_seconds)
    main = _bound(settings.host, settings.port, Limits(connections, *clocks))
    _warn_of_host_names(settings, main)
    if not settings.health_port:
        return main, None
    return main, _bound(settings.host, settings.health_port, Limits(HEALTH_CONNECTIONS, *clocks))


def _bound(host: str, port: int, limits: "Limits") -> "Listener":
    from clusterwright.web.listener import Listener

    try:
        return Listener(host, port, limits)
    except OSError as error:
        _refuse_port(host, port, error)


def _refuse_port(host: str, port: int, error: OSError) -> NoReturn:
    reason = f"Cannot listen on {host}:{port}: {error.strerror or error}."
    if error.errno == EADDRINUSE:
        _leave(f"{reason} Choose another --host or --port.")
    wrong_setting(f"--host or CLUSTERWRIGHT_HOST, --port or CLUSTERWRIGHT_PORT: {reason}")


def _warn_of_host_names(settings: Settings, main: "Listener") -> None:
    if not settings.public_url and not ipaddress.ip_address(main.host).is_loopback:
        log.warning(
            "links follow whatever Host a client sends: set CLUSTERWRIGHT_PUBLIC_URL",
            extra={"host": settings.host},
        )


async def _run(
    app: "Edge", main: "Listener", health: "Listener | None", settings: Settings, stop: Stop
) -> None:
    """Serve until a signal asks for the end. Raises FolderGone."""
    from clusterwright.storage.data_folder import watch_folder
    from clusterwright.web.edge import Only
    from clusterwright.web.listener import cancel_answers

    try:
        main.start(app, app.at_hand)
        if health is not None:
            health.start(Only(app, HEALTH_PATHS))
    except OSError as error:
        _refuse_port(settings.host, settings.port, error)
    _announce(settings)
    watch = asyncio.create_task(watch_folder(settings))
    asked = asyncio.create_task(stop.asked.wait())
    await asyncio.wait({asked, watch, main.ended}, return_when=asyncio.FIRST_COMPLETED)
    (settings.data / ENDPOINT_FILE).unlink(missing_ok=True)
    unasked = not stop.asked.is_set()
    if unasked:
        stop.hurried.set()
    main.stopping = True
    if health is not None:
        health.stopping = True
    app.stop()
    await main.stop(stop.drain_seconds, stop.hurried)
    if health is not None:
        await health.stop(PROBE_SECONDS, stop.hurried)
    await cancel_answers()
    asked.cancel()
    if watch.done():
        await watch
    watch.cancel()
    if unasked:
        _leave("The HTTP server ended by itself.")


def _announce(settings: Settings) -> None:
    """Tell where the server is, for people and, in the data folder, for other commands."""
    from clusterwright.web.console import FOLDER, PATH

    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    endpoint = settings.public_url or f"http://{host}:{settings.port}"
    record = {"endpoint": endpoint, "pid": os.getpid()}
    if settings.database:
        record["database"] = without_password(settings.database)
    # In one step, because other commands read it as soon as it is there.
    written = settings.data / f"{ENDPOINT_FILE}.{os.getpid()}"
    written.write_text(json.dumps(record) + "\n")
    written.replace(settings.data / ENDPOINT_FILE)
    data = "" if settings.data == Path(".clusterwright") else f" --data {settings.data}"
    command = _own_name()
    typer.echo(f"Clusterwright serves the CCE v3 API at {endpoint}")
    if (FOLDER / "index.html").is_file():
        typer.echo(f"The console is at {endpoint}{PATH}")
    typer.echo(f"Credentials are in {settings.data / CREDENTIALS_FILE}. Next, in another shell:")
    typer.echo(f'  eval "$({command} env{data})"')
    typer.echo(f"  {command} cluster create demo")


def _own_name() -> str:
    """What to type for this program: its path where its folder is not on the PATH."""
    program = Path(sys.argv[0])
    if program.name == "clusterwright" and shutil.which("clusterwright") is None:
        return str(program)
    return "clusterwright"
