"""Add-ons, which have typed dates, as every official SDK sees them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.answers import addon, good, until
from tests.clients.client_programs import LANGUAGES, Language, LiveServer, Program
from tests.clients.cluster_walk import create

# The first build of a program downloads its SDK.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]


@pytest.fixture(scope="module", params=LANGUAGES, ids=lambda language: language.name)
def program(
    request: pytest.FixtureRequest,
    live_server: LiveServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Program]:
    """Each official SDK in turn."""
    language: Language = request.param
    with language.running(live_server.environ, tmp_path_factory.mktemp("home")) as program:
        yield program


@pytest.fixture(scope="module")
def cluster_id(program: Program) -> str:
    """A cluster that is Available."""
    return create(program).uid


def test_an_add_on_is_installed_upgraded_and_uninstalled(program: Program, cluster_id: str) -> None:
    def status(uid: str, word: str) -> Any:
        return good(
            until(
                lambda: program.call("ShowAddonInstance", id=uid, cluster_id=cluster_id),
                lambda answer: bool(answer.ok and answer.body["status"]["status"] == word),
            )
        )

    (template,) = good(program.call("ListAddonTemplates", addon_template_name="metrics-server"))[
        "items"
    ]
    newest, older = (version["version"] for version in template["spec"]["versions"])
    made = program.call("CreateAddonInstance", body=addon(cluster_id, older))
    uid = good(made)["metadata"]["uid"]
    installed = status(uid, "running")
    upgrade = program.call("UpdateAddonInstance", id=uid, body=addon(cluster_id, newest))
    upgraded = status(uid, "running")
    listed = good(program.call("ListAddonInstances", cluster_id=cluster_id))
    gone = program.call("DeleteAddonInstance", id=uid, cluster_id=cluster_id)
    after = until(lambda: program.call("ShowAddonInstance", id=uid), lambda answer: not answer.ok)

    assert (made.status, made.body["status"]["status"]) == (201, "installing")
    assert (upgrade.status, gone.status) == (200, 200)
    shown = [found["spec"]["version"] for found in (installed, upgraded)]
    assert shown == [older, newest]
    assert uid in [found["metadata"]["uid"] for found in listed["items"]]
    assert (after.status, after.error_code) == (404, "CCE.03404001")
