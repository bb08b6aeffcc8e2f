"""``clusterwright env``: what other programs need to know to use the server of a data folder."""

import json
import shlex
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from clusterwright.cli.output import fail
from clusterwright.cli.serve import ENDPOINT_FILE, Data, configured

CREDENTIALS_FILE = "credentials.json"
ENDPOINT = "HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4"
"""The SDKs ask this variable for the endpoint of region cn-north-4 (client notes, A1)."""
SERVICES = ("cce", "iam", "ecs", "aom", "vpc", "eps", "bss")
"""What the Terraform provider must not look for elsewhere (client notes, B1)."""
GET_STARTED = 'Start a server with `clusterwright serve`, or eval "$(clusterwright env)".'


class Format(StrEnum):
    """How the account is told."""

    SH = "sh"
    JSON = "json"
    TERRAFORM = "terraform"


def env(
    data: Data = None,
    form: Annotated[
        Format, typer.Option("--format", help="Shell exports, a JSON object or a provider block.")
    ] = Format.SH,
) -> None:
    """Print how SDKs, Terraform and the OpenStack tools reach the server, secrets included."""
    folder = folder_of(data)
    if form is Format.SH:
        for name, value in variables(folder).items():
            typer.echo(f"export {name}={shlex.quote(value)}")
    elif form is Format.JSON:
        typer.echo(json.dumps(variables(folder), indent=2))
    else:
        typer.echo(_provider(variables(folder)))


def folder_of(data: Path | None) -> Path:
    """The data folder: as given, from CLUSTERWRIGHT_DATA, or the default."""
    return configured({"data": data}).data


def variables(folder: Path) -> dict[str, str]:
    """The environment for every known client of the server that runs on a data folder."""
    endpoint = _read(folder / ENDPOINT_FILE)["endpoint"]
    account = _read(folder / CREDENTIALS_FILE)
    auth_url = f"{endpoint}/v3"
    found = {
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
    found |= {
        "HW_DOMAIN_ID": account["domain_id"],
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
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        fail(f"There is no {path.name} in {path.parent}: no server has run there. {GET_STARTED}")
    except (OSError, ValueError) as error:
        fail(f"{path} cannot be read: {error}")
    return found


def _provider(found: Mapping[str, str]) -> str:
    """A configuration that keeps every request of the provider on the server (client notes, B1)."""
    endpoints = "\n".join(f"    {name} = {_quoted(found[ENDPOINT])}" for name in SERVICES)
    return f"""\
provider "huaweicloud" {{
  region     = {_quoted(found["HW_REGION_NAME"])}
  access_key = {_quoted(found["HW_ACCESS_KEY"])}
  secret_key = {_quoted(found["HW_SECRET_KEY"])}
  project_id = {_quoted(found["HW_PROJECT_ID"])}
  auth_url   = {_quoted(found["HW_AUTH_URL"])}

  skip_check_website_type = true
  skip_check_upgrade      = true

  endpoints = {{
{endpoints}
  }}
}}

# The opentelekomcloud provider finds its endpoints in the service catalogue:
# provider "opentelekomcloud" {{
#   auth_url    = {_quoted(found["OS_AUTH_URL"])}
#   region      = {_quoted(found["OS_REGION_NAME"])}
#   domain_name = {_quoted(found["OS_USER_DOMAIN_NAME"])}
#   tenant_name = {_quoted(found["OS_PROJECT_NAME"])}
#   user_name   = {_quoted(found["OS_USERNAME"])}
#   password    = {_quoted(found["OS_PASSWORD"])}
# }}"""


def _quoted(value: str) -> str:
    """A string of Terraform's language, in which ``${`` and ``%{`` start templates."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")
