"""A pod's token, traded through the official SDKs for keys that these SDKs then use."""

from uuid import uuid4

import httpx
import pytest

from clusterwright.cce.identities.spec import AUDIENCE
from tests.clients.client_programs import LANGUAGES, Language, LiveServer, Program
from tests.clients.identities import IDENTITY_STOCK
from tests.clients.life import CREATE
from tests.clients.missing import lacking
from tests.clients.script import walk
from tests.kit import log_in_body

# The first build of a program downloads its SDK.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    "language", LANGUAGES, ids=lambda one: one.name, indirect=True, scope="module"
)
def test_a_token_is_traded_for_keys(
    language: Language, program: Program, live_server: LiveServer
) -> None:
    if reason := lacking(language.name).get("AssumeAgencyForPodIdentity"):
        pytest.skip(reason)
    kept = walk(program, (*CREATE, *IDENTITY_STOCK), {"name": f"pods-{uuid4().hex[:8]}"})

    answer = program.call(
        "AssumeAgencyForPodIdentity",
        cluster_id=kept["cluster"],
        body={"token": projected(live_server, kept["cluster"])},
    )

    assert (answer.ok, answer.status) == (True, 200)
    assert answer.body["podIdentityAssociationId"] == kept["identity"]
    assert answer.body["subject"]["namespace"] == "shop"
    assert answer.body["credentials"]["securityToken"]
    program.call("DeleteCluster", cluster_id=kept["cluster"])


def projected(server: LiveServer, cluster: str) -> str:
    """A token as the cluster projects it into pods of the service account."""
    url = server.environ["HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4"]
    with httpx.Client(base_url=url) as client:
        signed_in = client.post("/v3/auth/tokens", json=log_in_body(server.credentials))
        headers = {"X-Auth-Token": signed_in.headers["X-Subject-Token"], "X-Cluster-ID": cluster}
        path = "/api/v1/namespaces/shop/serviceaccounts/web/token"
        body = {"spec": {"audiences": [AUDIENCE], "expirationSeconds": 600}}
        text: str = client.post(path, json=body, headers=headers).json()["status"]["token"]
    return text
