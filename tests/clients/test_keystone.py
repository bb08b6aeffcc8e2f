"""What is built on keystoneauth1 logs in, finds the service and uses it."""

from collections.abc import Mapping
from typing import Any

import pytest
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import generic

from tests.clients.cluster_walk import UNKNOWN
from tests.server_process import ServerProcess

pytestmark = pytest.mark.clients

SERVICE: Mapping[str, Any] = {
    "endpoint_filter": {"service_type": "ccev2.0", "region_name": "cn-north-4"}
}


@pytest.fixture(params=["", "/", "/v3"])
def keystone(request: pytest.FixtureRequest, live_server: ServerProcess) -> session.Session:
    """A session that logs in at a URL with or without a version."""
    account = live_server.credentials
    plugin = generic.Password(
        auth_url=f"{live_server.endpoint}{request.param}",
        username="admin",
        password=account["password"],
        user_domain_name="clusterwright",
        project_name="cn-north-4",
        project_domain_name="clusterwright",
    )
    return session.Session(auth=plugin)


def test_a_session_lists_clusters_at_the_endpoint_of_the_catalog(
    keystone: session.Session, live_server: ServerProcess
) -> None:
    project = keystone.get_project_id()

    answer = keystone.get(f"/api/v3/projects/{project}/clusters", **SERVICE)

    assert project == live_server.credentials["project_id"]
    assert (answer.status_code, answer.json()["kind"]) == (200, "Cluster")


def test_a_refusal_is_an_exception_with_status_and_request_id(keystone: session.Session) -> None:
    path = f"/api/v3/projects/{keystone.get_project_id()}/clusters/{UNKNOWN}"

    with pytest.raises(exceptions.NotFound) as refusal:
        keystone.get(path, **SERVICE)

    assert refusal.value.http_status == 404
    assert refusal.value.response is not None
    assert refusal.value.response.headers["X-Request-Id"]
