"""What a request may prove itself with, and the words of each refusal."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clusterwright.iam import store
from clusterwright.iam.first_account import new_user
from clusterwright.ids import new_id
from tests.api.iam_server import Server, serving

MINUTE = 60


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path) as started:
        yield started


def jobs_path(server: Server) -> str:
    return f"/api/v3/projects/{server.account['project_id']}/jobs"


async def test_a_signature_takes_the_project_of_the_path(server: Server) -> None:
    answer = await server.jobs(server.sign("GET", jobs_path(server)))

    assert answer.json() == {"user": "admin", "project": server.account["project_id"]}


async def test_an_unsigned_project_header_counts(server: Server) -> None:
    headers = server.sign("GET", "/api/v3/addontemplates")
    headers["X-Project-Id"] = server.account["project_id"]

    answer = await server.client.get("/api/v3/addontemplates", headers=headers)

    assert answer.json()["project"] == server.account["project_id"]


async def test_a_signed_body_of_a_get_is_part_of_the_signature(server: Server) -> None:
    headers = server.sign("GET", jobs_path(server), body=b"{}")

    right = await server.client.request("GET", jobs_path(server), headers=headers, content=b"{}")
    wrong = await server.client.request("GET", jobs_path(server), headers=headers, content=b"[]")

    assert (right.status_code, wrong.status_code) == (200, 401)


async def test_a_token_wins_over_a_signature(server: Server) -> None:
    wrong = server.sign("GET", "/elsewhere") | {"X-Auth-Token": await server.token()}

    assert (await server.jobs(wrong)).status_code == 200


async def test_an_empty_authorization_is_absent_and_bearer_tokens_are_accepted(
    server: Server,
) -> None:
    token = await server.token()

    with_empty = await server.jobs({"X-Auth-Token": token, "Authorization": ""})
    bearer = await server.jobs({"Authorization": f"Bearer {token}"})
    nothing = await server.jobs({"Authorization": ""})

    assert (with_empty.status_code, bearer.status_code) == (200, 200)
    assert nothing.json()["error_code"] == "APIGW.0301"
    assert "x-auth-token not found" in nothing.json()["error_msg"]


async def test_the_identity_service_refuses_in_its_own_form(server: Server) -> None:
    answer = await server.client.get("/v3/projects")

    assert answer.status_code == 401
    assert answer.json()["error"]["title"] == "Unauthorized"
    assert answer.json()["error_code"] == "IAM.0001"


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"X-Auth-Token": "nonsense"}, "decrypt token fail"),
        ({"X-Auth-Token": "é"}, "decrypt token fail"),
        ({"Authorization": "Basic eDp5"}, "use one of SDK-HMAC-SHA256"),
        (
            {"Authorization": "SDK-HMAC-SHA256 Access=NO, SignedHeaders=host, Signature=00"},
            "Get secretKey failed,ak:NO,err:ak not exist",
        ),
    ],
)
async def test_bad_credentials_are_told_why(
    server: Server, headers: dict[str, str], text: str
) -> None:
    sent = {name.encode(): value.encode() for name, value in headers.items()}
    answer = await server.client.get(jobs_path(server), headers=sent)

    assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")
    assert text in answer.json()["error_msg"]


async def test_a_wrong_secret_key_is_refused(server: Server) -> None:
    key = (server.account["access_key"], "wrong")

    answer = await server.jobs(server.sign("GET", jobs_path(server), key=key))

    assert answer.status_code == 401
    assert "verify aksk signature fail" in answer.json()["error_msg"]
    assert server.account["secret_key"] not in answer.text


async def test_other_projects_are_forbidden(server: Server) -> None:
    other = store.Domain(id=new_id(), name="other")
    foreign = store.Project(id=new_id(), domain_id=other.id, name="p")
    second = store.Project(id=new_id(), domain_id=server.account["domain_id"], name="second")
    await server.change(other, foreign, second)
    token = {"X-Auth-Token": await server.token()}

    by_token = [await server.jobs(token, p) for p in (foreign.id, second.id, "unknown")]
    by_key = [
        await server.jobs(server.sign("GET", f"/api/v3/projects/{p}/jobs"), p)
        for p in (foreign.id, "unknown", second.id)
    ]

    assert [(a.status_code, a.json()["errorCode"]) for a in by_token] == [(403, "CCE.01403001")] * 3
    assert [answer.status_code for answer in by_key] == [403, 403, 200]


async def test_the_project_header_must_agree_with_the_path(server: Server) -> None:
    second = store.Project(id=new_id(), domain_id=server.account["domain_id"], name="second")
    await server.change(second)
    headers = server.sign("GET", jobs_path(server)) | {"X-Project-Id": second.id}

    assert (await server.jobs(headers)).status_code == 403


async def test_a_disabled_access_key_does_not_exist(server: Server) -> None:
    key = server.directory.snapshot.access_keys[server.account["access_key"]]
    async with server.database.transaction() as tx:
        await store.change(tx, key, enabled=False)
    await server.directory.refresh(server.database)

    answer = await server.jobs(server.sign("GET", jobs_path(server)))

    assert "ak not exist" in answer.json()["error_msg"]


async def test_a_temporary_key_needs_its_security_token_and_lives_no_longer_than_its_maker(
    server: Server,
) -> None:
    login = await server.log_in()
    body = {"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 86400}}}}

    made = await server.client.post(
        "/v3.0/OS-CREDENTIAL/securitytokens",
        json=body,
        headers={"X-Auth-Token": login.headers["X-Subject-Token"]},
    )

    assert made.status_code == 201
    credential = made.json()["credential"]
    assert credential["expires_at"] == login.json()["token"]["expires_at"]
    pair = (credential["access"], credential["secret"])
    security = {"X-Security-Token": credential["securitytoken"]}
    path = jobs_path(server)
    signed = await server.jobs(server.sign("GET", path, security, key=pair))
    unsigned = await server.jobs(server.sign("GET", path, key=pair) | security)
    without = await server.jobs(server.sign("GET", path, key=pair))
    assert [a.status_code for a in (signed, unsigned, without)] == [200, 200, 401]


async def test_a_temporary_key_can_be_made_with_a_signature(server: Server) -> None:
    path = "/v3.0/OS-CREDENTIAL/securitytokens"
    body = b'{"auth":{"identity":{"methods":["token"]}}}'

    made = await server.client.post(
        path, content=body, headers=server.sign("POST", path, body=body)
    )

    assert made.status_code == 201


async def test_a_temporary_key_is_made_with_the_token_of_the_body_where_one_is_given(
    server: Server,
) -> None:
    path, headers = "/v3.0/OS-CREDENTIAL/securitytokens", {"X-Auth-Token": await server.token()}
    other = new_user(server.account["domain_id"], "other", "right")
    await server.change(other)
    theirs = await server.ask_token(password={"user": {"id": other.id, "password": "right"}})

    def asked(id: str) -> dict[str, object]:
        return {"auth": {"identity": {"methods": ["token"], "token": {"id": id}}}}

    bad = await server.client.post(path, json=asked("rubbish"), headers=headers)
    good = await server.client.post(
        path, json=asked(theirs.headers["X-Subject-Token"]), headers=headers
    )

    assert (bad.status_code, bad.json()["error_code"]) == (401, "IAM.0001")
    made = server.directory.snapshot.access_keys[good.json()["credential"]["access"]]
    assert made.user_id == other.id


async def test_a_temporary_key_with_fewer_rights_is_refused_and_not_made_with_all(
    server: Server,
) -> None:
    denied = {"Version": "1.1", "Statement": [{"Effect": "Deny", "Action": ["*:*:*"]}]}
    body = {"auth": {"identity": {"methods": ["token"], "policy": denied}}}
    before = dict(server.directory.snapshot.access_keys)

    answer = await server.client.post(
        "/v3.0/OS-CREDENTIAL/securitytokens",
        json=body,
        headers={"X-Auth-Token": await server.token()},
    )

    assert (answer.status_code, answer.json()["error_code"]) == (501, "IAM.0501")
    assert "auth.identity.policy" in answer.json()["error_msg"]
    assert server.directory.snapshot.access_keys == before


async def test_other_ways_to_temporary_keys_are_refused_clearly(server: Server) -> None:
    body = {"auth": {"identity": {"methods": ["assume_role"]}}}
    headers = {"X-Auth-Token": await server.token()}

    answer = await server.client.post(
        "/v3.0/OS-CREDENTIAL/securitytokens", json=body, headers=headers
    )

    assert (answer.status_code, answer.json()["error_code"]) == (400, "IAM.0011")
    assert "methods" in answer.json()["error_msg"]
