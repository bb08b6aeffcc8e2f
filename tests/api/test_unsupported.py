"""What the server does not have says so, with the operation's name and never with success."""

import re

import pytest
from huaweicloudsdkiam.v3 import IamClient

from clusterwright.iam.auth import is_identity
from clusterwright.unsupported import UNSUPPORTED, Unsupported
from docs import generate
from tests.api.cloud import Cloud
from tests.architecture.routes import ROUTES

pytestmark = pytest.mark.asyncio(loop_scope="module")


def path(row: Unsupported, project_id: str) -> str:
    """The row's path with values in it."""
    return re.sub(r"{[^}]+}", "x", row.path.replace("{project_id}", project_id))


@pytest.mark.parametrize("row", UNSUPPORTED, ids=lambda row: row.name)
async def test_an_operation_that_is_not_there_is_refused_by_name(
    cloud: Cloud, row: Unsupported
) -> None:
    for method in row.methods:
        asked = path(row, cloud.account["project_id"])
        answer = await cloud.call(method, asked, expect=501)

        if is_identity(asked):
            assert (answer["error"]["code"], answer["error_code"]) == (501, "IAM.0501")
            assert answer["error_msg"].startswith(f"{row.name}: ")
        else:
            assert (answer["code"], answer["errorCode"]) == (501, "CCE.01501001")
            assert answer["message"].startswith(f"{row.name}: ")


async def test_strangers_and_other_projects_are_told_nothing(cloud: Cloud) -> None:
    of_a_project = next(row for row in UNSUPPORTED if "{project_id}" in row.path)
    method, other = of_a_project.methods[0], path(of_a_project, "f" * 32)

    await cloud.call(method, other, expect=401, headers={"X-Auth-Token": "forged"})
    await cloud.call(method, other, expect=403)


async def test_the_description_leaves_out_what_is_not_there(cloud: Cloud) -> None:
    page = await cloud.call("GET", "/openapi.json", expect=200)

    described = {
        operation["operationId"] for path in page["paths"].values() for operation in path.values()
    }
    assert described.isdisjoint(row.name for row in UNSUPPORTED)


async def test_every_operation_of_the_official_identity_service_is_answered_or_refused() -> None:
    known = {
        generate.shape(method, route.path) for route in ROUTES for method in route.methods or ()
    }
    operations = generate.sdk_operations(IamClient)

    missing = [one.name for one in operations if one.shape not in known]

    assert len(operations) > 140
    assert missing == []
