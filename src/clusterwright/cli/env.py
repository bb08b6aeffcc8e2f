"""``clusterwright env``: what other programs need to know to use the server of a data folder."""

import json
import shlex
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from clusterwright.cli.folder import ENDPOINT, folder_of, variables
from clusterwright.cli.options import Data

app = typer.Typer(add_completion=False)

SERVICES = ("cce", "iam", "ecs", "aom", "vpc", "eps", "bss", "kms", "dns", "evs")
"""What the Terraform provider must not look for elsewhere (client notes, B1)."""


class Format(StrEnum):
    """What the account is written for: a shell, a program or Terraform."""

    SH = "sh"
    JSON = "json"
    TERRAFORM = "terraform"


@app.command(epilog='Example: eval "$(clusterwright env)"')
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
