"""The Terraform providers walk from plan to destroy, signed and with a token; Ansible logs in."""

from collections.abc import Iterator
from contextlib import closing
from types import ModuleType
from uuid import uuid4

import pytest

from tests.clients.client_programs import LiveServer
from tests.clients.script import walk
from tests.clients.terraform import Provider, Signature
from tests.clients.walks import (
    ansible,
    beyond,
    care,
    examples,
    huaweicloud,
    identities,
    opentelekomcloud,
)
from tests.clients.walks.opentelekomcloud import LOG_IN
from tests.helm import needs_helm
from tests.server_process import ServerProcess

pytestmark = pytest.mark.clients

WALKS = (huaweicloud, examples, care, identities, opentelekomcloud)


@pytest.fixture
def values(live_server: LiveServer) -> dict[str, str]:
    """What the account of the configuration says, and a name for the cluster."""
    account = live_server.credentials
    return {
        "user": account["user_id"],
        "password": account["password"],
        "project": account["project_id"],
        "name": f"tf-{uuid4().hex[:8]}",
    }


@pytest.fixture
def signed(live_server: ServerProcess) -> Iterator[Provider]:
    """A provider that is configured with keys."""
    account = live_server.credentials
    keys = Signature(account["access_key"], account["secret_key"], account["project_id"])
    with closing(Provider(live_server.endpoint, keys)) as provider:
        yield provider


@pytest.fixture
def with_token(live_server: ServerProcess) -> Iterator[Provider]:
    """A provider that is configured with a user; it logs in by itself."""
    with closing(Provider(live_server.endpoint)) as provider:
        yield provider


@pytest.mark.parametrize("walked", WALKS, ids=lambda walked: walked.__name__.rpartition(".")[2])
def test_a_provider_walks_with_keys(
    walked: ModuleType, signed: Provider, values: dict[str, str]
) -> None:
    walk(signed, walked.WALK, values)


@pytest.mark.parametrize("walked", WALKS, ids=lambda walked: walked.__name__.rpartition(".")[2])
def test_a_provider_walks_with_a_token(
    walked: ModuleType, with_token: Provider, values: dict[str, str]
) -> None:
    walk(with_token, (LOG_IN, *walked.WALK), values)


def test_the_modules_of_ansible_walk(with_token: Provider, values: dict[str, str]) -> None:
    walk(with_token, ansible.WALK, values)


@needs_helm
def test_a_provider_walks_beyond_with_keys(signed: Provider, values: dict[str, str]) -> None:
    walk(signed, beyond.WALK, values)


@needs_helm
def test_a_provider_walks_beyond_with_a_token(with_token: Provider, values: dict[str, str]) -> None:
    walk(with_token, (LOG_IN, *beyond.WALK), values)
