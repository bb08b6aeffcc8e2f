"""The sentence that helps reaches every client, once, beside the texts that people know."""

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from huaweicloudsdkcce.v3.cce_exception_handler import CceExceptionHandler
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

from clusterwright import errors
from clusterwright.errors import CATALOGUE, ErrorCode
from tests.api.cloud import Cloud, cluster, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULE = "metadata.name: 4 to 128 lower-case letters"
CAPTURED = [
    ("INVALID_REQUEST", "Invalid request."),
    ("ADDON_INVALID", "Invalid request."),
    ("DELETION_PROTECTED", "Cannot delete cluster when enable deletion protection."),
    ("NODE_BEING_CREATED", "Cannot delete cluster when creating node"),
    ("POOL_BUSY", "Node pool cannot be deleted when exists installing or deleting nodes"),
]
"""Texts of the public service that public reports quote."""


def python(body: dict[str, Any]) -> str:
    """What the official Python SDK shows of a refusal."""
    answer = Mock(status_code=400, content=json.dumps(body), headers={})
    with pytest.raises(ClientRequestException) as refused:
        CceExceptionHandler().handle_exception(Mock(), answer)
    shown: str = refused.value.error_msg
    return shown


def java(body: dict[str, Any]) -> str:
    """What newer Java SDKs show: ``message`` behind ``error_msg``, even if it is the same."""
    return ", ".join(filter(None, (body["error_msg"], body.get("message"))))


def node(body: dict[str, Any]) -> str:
    """What Node and older Java SDKs show."""
    shown: str = body["error_msg"]
    return shown


@pytest.mark.parametrize(
    ("agent", "shows"),
    [
        ("huaweicloud-usdk-python/3.0", python),
        ("huaweicloud-usdk-go/3.0", python),
        ("my tool huaweicloud-usdk-java/3.0; more", java),
        ("huaweicloud-usdk-nodejs/3.0", node),
    ],
)
async def test_every_sdk_shows_the_field_and_its_rule_once(
    cloud: Cloud, agent: str, shows: Callable[[dict[str, Any]], str]
) -> None:
    refusals = [
        await cloud.call(
            "POST",
            f"{cloud.project}/clusters",
            cluster("No"),
            expect=400,
            headers={"User-Agent": agent},
        ),
        await cloud.call("GET", "/api/v3/addons", expect=400, headers={"User-Agent": agent}),
    ]

    told = shows(refusals[0])
    assert told.startswith("Invalid request. ")
    assert told.count(RULE) == 1
    assert shows(refusals[1]).count("cluster_id") == 1


async def test_other_clients_find_the_sentence_in_message_too(cloud: Cloud) -> None:
    body = await cloud.call("POST", f"{cloud.project}/clusters", cluster("No"), expect=400)

    assert body["message"].startswith(RULE)
    assert RULE in body["error_msg"]
    assert body["errorMessage"] == "Invalid request."


async def test_a_protected_cluster_is_refused_in_the_public_services_words(cloud: Cloud) -> None:
    body = cluster(unique("demo"), deletionProtection=True)
    made = await cloud.call("POST", f"{cloud.project}/clusters", body, expect=201)

    refused = await cloud.call(
        "DELETE", f"{cloud.project}/clusters/{made['metadata']['uid']}", expect=400
    )

    assert refused["errorMessage"] == "Cannot delete cluster when enable deletion protection."
    assert refused["message"] == "Cluster enables deletion protection, forbidden to delete"
    assert "spec.deletionProtection" in refused["error_msg"]


async def test_what_an_add_on_lacks_is_told_in_the_add_on_managers_form_too(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    body = {"spec": {"clusterID": uid, "addonTemplateName": "no-such"}}

    refused = await cloud.call("POST", "/api/v3/addons", body, expect=400)

    assert refused["errorMessage"] == "Invalid request."
    assert refused["error"]["code"] == "SVCSTG.CCE-ADDONMGR.4000002"
    assert refused["error"]["message"] == refused["message"]


async def test_an_old_signature_is_told_both_times(cloud: Cloud) -> None:
    signed = {
        "X-Auth-Token": "",
        "X-Sdk-Date": "20200102T030405Z",
        "Authorization": f"SDK-HMAC-SHA256 Access={cloud.account['access_key']},"
        " SignedHeaders=host;x-sdk-date, Signature=00",
    }

    refused = await cloud.call("GET", f"{cloud.project}/clusters", expect=401, headers=signed)

    assert refused["error_code"] == "APIGW.0301"
    assert refused["error_msg"].startswith(
        "Incorrect IAM authentication information: calc aksk signature fail:signature expired,"
        " signature time:20200102T030405Z,server time:"
    )


@pytest.mark.parametrize(("name", "text"), CAPTURED)
async def test_a_known_text_stands_whole_before_the_sentence(name: str, text: str) -> None:
    body = errors.body(CATALOGUE[name], "Do this.", "f" * 32)

    assert body["errorMessage"] == text
    assert body["error_msg"].startswith(text)
    assert body["error_msg"].endswith("Do this.")


@pytest.mark.parametrize("detail", ["", "Do this."])
@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE.keys())
async def test_no_sdk_shows_a_sentence_twice(entry: ErrorCode, detail: str) -> None:
    body = errors.body(entry, detail, "f" * 32, joined=True)

    for shown in (python(body), java(body), node(body)):
        assert shown.count(detail or body["error_msg"]) == 1
