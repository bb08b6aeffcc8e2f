"""``clusterwright serve``: one server process in the foreground."""

import asyncio
import gc
import json
import os
import shutil
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from clusterwright import telemetry
from clusterwright.settings import Settings

ENDPOINT_FILE = "server.json"
"""In the data folder: where the server that runs on it can be reached."""

Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port; 0 picks one.", show_default="8900")]
Data = Annotated[
    Path | None, typer.Option(help="Data folder.", show_default=".clusterwright", file_okay=False)
]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="postgresql:// URL.", show_default="SQLite in the data folder")
]
DriverName = Annotated[
    str | None, typer.Option(help="Driver of new clusters.", show_default="simulated")
]
Pace = Annotated[
    float | None,
    typer.Option(help="Speed of the simulated driver; 0 is at once.", show_default="1"),
]


def serve(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    database: DatabaseUrl = None,
    driver: DriverName = None,
    pace: Pace = None,
) -> None:
    """Serve the API. Every option can also be given as CLUSTERWRIGHT_<NAME>."""
    given = {
        "host": host,
        "port": port,
        "data": data,
        "database": database,
        "driver": driver,
        "pace": pace,
    }
    settings = configured(given)
    if settings.port == 0:
        settings = settings.model_copy(update={"port": free_port(settings.host)})
    telemetry.configure(settings.log_level)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(settings))


def configured(given: dict[str, Any]) -> Settings:
    """Settings from options over variables over defaults; leaves with exit code 2 and a plain
    sentence.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            name = "_".join(str(part) for part in problem["loc"])
            typer.echo(f"--{name} (CLUSTERWRIGHT_{name.upper()}): {problem['msg']}", err=True)
        raise typer.Exit(2) from None


def free_port(host: str) -> int:
    """A port of ``host`` that nobody listens on."""
    with socket.create_server((host, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def _serve(settings: Settings) -> None:
    # Imported here so that other commands start fast. What imports make stays for good: looking
    # for garbage among it would cost a tenth of the start and again at every later collection.
    gc.disable()
    from granian.constants import Interfaces
    from granian.server.embed import Server

    from clusterwright.app import open_app
    from clusterwright.database import StorageUnavailable
    from clusterwright.iam.server_key import KeyChanged
    from clusterwright.jobs.runner import AlreadyRunning

    loop = asyncio.get_running_loop()
    try:
        with socket.create_server((settings.host, settings.port)):
            pass  # granian waits in silence for a port that is taken
    except OSError as error:
        _give_up(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror or error}."
            " Choose another --host or --port."
        )
    try:
        async with open_app(settings) as app:
            server = Server(
                app,
                address=settings.host,
                port=settings.port,
                interface=Interfaces.ASGINL,
                log_enabled=False,
            )
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(name, server.stop)
            gc.freeze()
            gc.enable()
            _announce(settings)
            await server.serve()
            (settings.data / ENDPOINT_FILE).unlink(missing_ok=True)
    except (AlreadyRunning, KeyChanged) as error:
        _give_up(str(error))
    except StorageUnavailable as error:
        _give_up(f"The database does not answer: {error}")


def _give_up(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    raise typer.Exit(1)


def _announce(settings: Settings) -> None:
    """Tell where the server is, for people and, in the data folder, for other commands."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    endpoint = settings.public_url or f"http://{host}:{settings.port}"
    record = json.dumps({"endpoint": endpoint, "pid": os.getpid()})
    (settings.data / ENDPOINT_FILE).write_text(record + "\n")
    data = "" if settings.data == Path(".clusterwright") else f" --data {settings.data}"
    command = _own_name()
    typer.echo(f"Clusterwright serves the CCE v3 API at {endpoint}")
    typer.echo(f"Credentials are in {settings.data / 'credentials.json'}. Next, in another shell:")
    typer.echo(f'  eval "$({command} env{data})"')
    typer.echo(f"  {command} cluster create demo")


def _own_name() -> str:
    """What to type for this program: its path where its folder is not on the PATH."""
    program = Path(sys.argv[0])
    if program.name == "clusterwright" and shutil.which("clusterwright") is None:
        return str(program)
    return "clusterwright"
