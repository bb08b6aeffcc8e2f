"""The data folder as every command sees it: where it is, where its server answers, who may ask.

Below both halves of the command line: what runs a server and what asks one. So this module
imports neither the server nor an SDK.
"""

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from clusterwright.cli.output import fail, leave

if TYPE_CHECKING:
    from clusterwright.settings import Settings

ENDPOINT_FILE = "server.json"
"""In the data folder: where the server that runs on it can be reached."""
CREDENTIALS_FILE = "credentials.json"
"""In the data folder: the first account, secrets included."""
ENDPOINT = "HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4"
"""The SDKs ask this variable for the endpoint of region cn-north-4 (client notes, A1)."""
GET_STARTED = 'Start a server with `clusterwright serve`, or eval "$(clusterwright env)".'
EXIT_WRONG_SETTING = 2
_PRIVATE_UMASK = 0o077


def configured(given: Mapping[str, Any]) -> "Settings":
    """Settings from options over variables over defaults.

    A wrong one ends the command with exit code 2 and one plain sentence.
    """
    # Imported here, because help needs no settings and should be fast.
    from pydantic import ValidationError

    from clusterwright.settings import Settings, has_password

    if has_password(given.get("database") or ""):
        wrong_setting(
            "--database: Everybody on this machine can read the arguments of a process."
            " Give a URL with a password in the variable CLUSTERWRIGHT_DATABASE."
        )
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        # Never the value itself: it may be a secret.
        problem = error.errors(include_url=False, include_input=False)[0]
        rule = problem["msg"].removeprefix("Value error, ").rstrip(".")
        name = str(problem["loc"][0])
        option = f"--{name} or " if given.get(name) is not None else ""
        wrong_setting(f"{option}CLUSTERWRIGHT_{name.upper()}: {rule}.")


def wrong_setting(sentence: str) -> NoReturn:
    """Leave before anything has begun: what was asked for cannot be done."""
    leave(sentence, EXIT_WRONG_SETTING)


@contextmanager
def private_files() -> Iterator[None]:
    """Files that are made meanwhile are nobody else's."""
    before = os.umask(_PRIVATE_UMASK)
    try:
        yield
    finally:
        os.umask(before)


def require_access(path: Path) -> None:
    """End the command when its user may not read what is at a path, or not even look for it."""
    there = next(each for each in (path, *path.absolute().parents) if os.access(each, os.F_OK))
    wanted = os.X_OK if there.is_dir() else os.R_OK
    if not os.access(there, wanted | os.R_OK if there == path else wanted):
        owner = _owner(there)
        fail(
            f"{there} belongs to {owner}, and this user may not read it."
            f" Run the command as {owner}, or name another data folder with --data."
        )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return f"the user {path.stat().st_uid}"


def folder_of(data: Path | None) -> Path:
    """The data folder: as given, from CLUSTERWRIGHT_DATA, or the default."""
    return configured({"data": data}).data


def account(folder: Path) -> dict[str, Any]:
    """The first account, as it was made; empty where no server has run on the folder."""
    path = folder / CREDENTIALS_FILE
    return _read(path) if path.exists() else {}


def is_served(folder: Path) -> bool:
    """Whether a server runs on a data folder, or ended there without an orderly stop."""
    return (folder / ENDPOINT_FILE).exists()


def database_in_use(folder: Path) -> str:
    """The URL, without its password, of a database that the running server was told to use.

    Empty where no server runs on the folder, and where the database is that of the folder.
    """
    require_access(folder)
    if not is_served(folder):
        return ""
    return str(_read(folder / ENDPOINT_FILE).get("database", ""))


def without_password(database: str) -> str:
    """The URL of a database as everybody may read it."""
    user = urlsplit(database).netloc.rpartition("@")[0]
    return database.replace(f"//{user}@", f"//{user.partition(':')[0]}@", 1)


def variables(folder: Path) -> dict[str, str]:
    """The environment for every known client of the server that runs on a data folder.

    A folder on which no server runs ends the command with advice.
    """
    require_access(folder)
    if not is_served(folder) and (folder / CREDENTIALS_FILE).exists():
        fail(
            f"The server of {folder} is stopped. Start it with:"
            f" clusterwright serve --data {shlex.quote(str(folder))}"
        )
    endpoint = _read(folder / ENDPOINT_FILE)["endpoint"]
    account = _read(folder / CREDENTIALS_FILE)
    auth_url = f"{endpoint}/v3"
    found = {
        # What `fault` and `admin` change belongs to the server that all others ask.
        "CLUSTERWRIGHT_DATA": str(folder.absolute()),
        "HUAWEICLOUD_SDK_AK": account["access_key"],
        "HUAWEICLOUD_SDK_SK": account["secret_key"],
        "HUAWEICLOUD_SDK_PROJECT_ID": account["project_id"],
        "HUAWEICLOUD_SDK_DOMAIN_ID": account["domain_id"],
        ENDPOINT: endpoint,
        # For a server of another region; the same variable again for the default one.
        _endpoint_variable(account["region"]): endpoint,
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": endpoint,
    }
    twins = {
        "REGION_NAME": account["region"],
        "ACCESS_KEY": account["access_key"],
        "SECRET_KEY": account["secret_key"],
        "PROJECT_ID": account["project_id"],
        "PROJECT_NAME": account["project_name"],
        "AUTH_URL": auth_url,
    }
    found |= {f"HW_{name}": value for name, value in twins.items()}
    # Not HW_DOMAIN_ID: with a token the provider wants exactly one of the two (client notes, B2).
    found |= {
        "HW_DOMAIN_NAME": account["domain_name"],
        "HW_USER_NAME": account["user_name"],
        "HW_USER_PASSWORD": account["password"],
    }
    found |= {f"OS_{name}": value for name, value in twins.items()}
    # Not OS_DOMAIN_NAME: keystoneauth refuses to log in to a domain and a project at once.
    return found | {
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": account["user_name"],
        "OS_PASSWORD": account["password"],
        "OS_USER_DOMAIN_NAME": account["domain_name"],
        "OS_PROJECT_DOMAIN_NAME": account["domain_name"],
    }


def _endpoint_variable(region: str) -> str:
    return f"HUAWEICLOUD_SDK_REGION_CCE_{region.upper().replace('-', '_')}"


def _read(path: Path) -> dict[str, Any]:
    require_access(path)
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        fail(
            f"There is no {path.name} in {path.parent}: no server has run there. Start one with"
            " `clusterwright serve`, or name the data folder of another with --data."
        )
    except (OSError, ValueError) as error:
        fail(f"{path} cannot be read: {error}")
    return found
