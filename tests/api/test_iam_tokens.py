"""Tokens over HTTP: who gets one, what it says, and when it is good no more."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest

from clusterwright.clock import now
from clusterwright.errors import ApiError
from clusterwright.iam import auth, passwords, store, tokens
from clusterwright.iam.first_account import new_user
from clusterwright.iam.tokens import Tokens
from clusterwright.ids import new_id
from tests.api.iam_server import Server, serving


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path) as started:
        yield started


async def test_a_password_gives_a_token_for_a_project_by_name_and_domain(server: Server) -> None:
    domain = {"name": "clusterwright"}
    user = {"name": "admin", "domain": domain, "password": server.account["password"]}

    answer = await server.ask_token(
        password={"user": user}, scope={"project": {"name": "cn-north-4", "domain": domain}}
    )

    assert answer.status_code == 201
    said = answer.json()["token"]
    assert said["project"]["id"] == server.account["project_id"]
    assert said["project"]["domain"]["id"] == server.account["domain_id"]
    assert said["user"]["name"] == "admin"
    assert "domain" not in said
    assert answer.headers["X-IAM-Trace-Id"] == answer.headers["X-Request-Id"]
    used = await server.jobs({"X-Auth-Token": answer.headers["X-Subject-Token"]})
    assert used.json() == {"user": "admin", "project": server.account["project_id"]}


@pytest.mark.parametrize("scope", [None, {"domain": {"name": "clusterwright"}}])
async def test_without_a_project_the_token_is_for_the_domain(
    server: Server, scope: dict[str, object] | None
) -> None:
    said = (await server.log_in(scope)).json()["token"]

    assert said["domain"] == {"id": server.account["domain_id"], "name": "clusterwright"}
    assert "project" not in said


async def test_the_project_wins_over_the_domain_in_a_scope(server: Server) -> None:
    scope = {"domain": {"name": "clusterwright"}, "project": {"name": "cn-north-4"}}

    said = (await server.log_in(scope)).json()["token"]

    assert said["project"]["id"] == server.account["project_id"]


async def test_a_token_for_the_domain_is_refused_outside_the_identity_service(
    server: Server,
) -> None:
    headers = {"X-Auth-Token": (await server.log_in()).headers["X-Subject-Token"]}

    identity = await server.client.get("/v3/auth/domains", headers=headers)
    other = await server.client.get("/api/v3/addontemplates", headers=headers)

    assert identity.status_code == 200
    assert (other.status_code, other.json()["errorCode"]) == (403, "CCE.01403001")


async def test_unknown_users_wrong_passwords_and_disabled_users_look_the_same(
    server: Server,
) -> None:
    disabled = replace(new_user(server.account["domain_id"], "gone", "right"), enabled=False)
    await server.change(disabled)
    tries = [(disabled.id, "right"), (server.account["user_id"], "wrong"), ("nobody", "x")]

    answers = [
        await server.ask_token(password={"user": {"id": id, "password": password}})
        for id, password in tries
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["error"]["message"] for answer in answers} == {
        "The username or password is wrong."
    }


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{",
        '{"auth":{}}',
        '{"auth":{"identity":{"methods":["password","totp"]}}}',
        '{"auth":{"identity":{"methods":["password"]}}}',
        '{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"a","password":"p"}}}}}',
        '{"auth":{"identity":{"methods":["token"]}}}',
    ],
)
async def test_a_body_that_breaks_a_rule_is_refused_in_the_services_words(
    server: Server, body: str
) -> None:
    answer = await server.client.post("/v3/auth/tokens", content=body)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "IAM.0011")
    assert answer.json()["error"]["message"]
    assert answer.headers["X-IAM-Trace-Id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("part", ["project", "domain"])
@pytest.mark.parametrize("empty", [{}, {"id": "", "name": None}])
async def test_a_scope_that_names_nothing_is_refused_by_its_field(
    server: Server, part: str, empty: dict[str, object]
) -> None:
    answer = await server.log_in({part: empty})

    assert (answer.status_code, answer.json()["error_code"]) == (400, "IAM.0011")
    assert f"auth.scope.{part}" in answer.json()["error"]["message"]


async def test_a_content_type_is_refused_in_the_services_words(server: Server) -> None:
    answer = await server.client.post(
        "/v3/auth/tokens", content="{}", headers={"Content-Type": "text/plain"}
    )

    assert (answer.status_code, answer.json()["error_code"]) == (400, "IAM.0011")
    assert "text/plain" in answer.json()["error"]["message"]


async def test_a_secret_never_comes_back_in_an_error(server: Server) -> None:
    body = (
        '{"auth":{"identity":{"methods":["password"],"password":{"user":{"password":["s3cret"]}}}}}'
    )

    answer = await server.client.post("/v3/auth/tokens", content=body)

    assert answer.status_code == 400
    assert "s3cret" not in answer.text


async def test_a_project_of_another_domain_is_refused(server: Server) -> None:
    other = store.Domain(id=new_id(), name="other")
    project = store.Project(id=new_id(), domain_id=other.id, name="cn-north-4")
    await server.change(other, project)

    by_id = await server.log_in({"project": {"id": project.id}})
    by_name = await server.log_in({"project": {"name": "cn-north-4", "domain": {"name": "other"}}})

    assert (by_id.status_code, by_name.status_code) == (403, 403)
    assert by_id.json()["error_code"] == "IAM.0002"


async def test_a_token_gives_another_that_ends_no_later(server: Server) -> None:
    first = await server.log_in()
    scope = {"project": {"name": "cn-north-4"}}

    second = await server.ask_token(token={"id": first.headers["X-Subject-Token"]}, scope=scope)

    assert second.status_code == 201
    assert second.json()["token"]["methods"] == ["token", "password"]
    assert second.json()["token"]["expires_at"] == first.json()["token"]["expires_at"]


async def test_nocatalog_leaves_the_catalog_out(server: Server) -> None:
    token = await server.token()
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}

    with_it = await server.client.get("/v3/auth/tokens", headers=headers)
    without = await server.client.get("/v3/auth/tokens?nocatalog=true", headers=headers)

    types = {service["type"] for service in with_it.json()["token"]["catalog"]}
    assert {"cce", "ccev2.0", "identity", "ecs", "compute", "network", "vpc"} < types
    assert "catalog" not in without.json()["token"]
    assert without.headers["X-Subject-Token"] == token


async def test_a_revoked_token_is_good_no_more(server: Server) -> None:
    token, subject = await server.token(), await server.token()
    headers = {"X-Auth-Token": token, "X-Subject-Token": subject}

    before = await server.client.head("/v3/auth/tokens", headers=headers)
    revoked = [await server.client.delete("/v3/auth/tokens", headers=headers) for _ in range(2)]
    after = await server.client.head("/v3/auth/tokens", headers=headers)
    used = await server.jobs({"X-Auth-Token": subject})

    assert (before.status_code, after.status_code) == (200, 404)
    assert [answer.status_code for answer in revoked] == [204, 204]
    assert (used.status_code, used.json()["error_code"]) == (401, "APIGW.0307")


async def temporary_key(server: Server, token: str) -> tuple[dict[str, str], httpx.Response]:
    """Make a temporary key with a token; headers of a read that it has signed, and the answer."""
    made = await server.client.post(
        "/v3.0/OS-CREDENTIAL/securitytokens",
        headers={"X-Auth-Token": token},
        json={"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 900}}}},
    )
    if made.status_code != 201:
        return {}, made
    key = made.json()["credential"]
    signed = server.sign(
        "GET",
        f"/api/v3/projects/{server.account['project_id']}/jobs",
        {"X-Security-Token": key["securitytoken"]},
        key=(key["access"], key["secret"]),
    )
    return signed, made


@pytest.mark.parametrize("which", ["the first", "the last"])
async def test_revoking_a_token_ends_all_that_was_made_from_it_or_that_it_was_made_from(
    server: Server, which: str
) -> None:
    scope = {"project": {"name": "cn-north-4"}}
    chain = [await server.token()]
    for _ in range(2):
        made = await server.ask_token(token={"id": chain[-1]}, scope=scope)
        chain.append(made.headers["X-Subject-Token"])
    signed, _ = await temporary_key(server, chain[1])
    used = [signed, *({"X-Auth-Token": token} for token in chain)]
    before = [(await server.jobs(headers)).status_code for headers in used]
    stranger = await server.token()

    revoke = {"X-Auth-Token": stranger, "X-Subject-Token": chain[0 if which == "the first" else -1]}
    assert (await server.client.delete("/v3/auth/tokens", headers=revoke)).status_code == 204

    assert before == [200] * 4
    assert [(await server.jobs(headers)).status_code for headers in used] == [401] * 4
    assert (await server.jobs({"X-Auth-Token": stranger})).status_code == 200
    again = await server.ask_token(token={"id": chain[1]}, scope=scope)
    assert again.status_code == 401


async def test_a_user_has_a_bounded_number_of_temporary_keys(tmp_path: Path) -> None:
    async with serving(tmp_path, temporary_keys=3) as server:
        token = await server.token()

        made = [(await temporary_key(server, token))[1] for _ in range(5)]
        kept = [key for key in server.directory.snapshot.access_keys.values() if key.expires_at]

    assert [answer.status_code for answer in made] == [201, 201, 201, 403, 403]
    assert made[-1].json()["error_code"] == "IAM.0003"
    assert len(kept) == 3


@pytest.mark.parametrize("change", ["{}===", "{}!", "!{}", "{}\n"])
async def test_a_token_has_one_text_and_no_other(server: Server, change: str) -> None:
    token = await server.token()

    with pytest.raises(ApiError):
        server.authenticator.by_token(change.format(token))

    assert server.authenticator.by_token(token).user_id == server.account["user_id"]


@pytest.mark.parametrize("hours", [-100, 100])
async def test_a_password_change_by_a_clock_that_differs_ends_old_tokens_and_no_others(
    server: Server, hours: int
) -> None:
    old = {"X-Auth-Token": await server.token()}
    async with server.database.transaction() as tx:
        at = now() + hours * 3600 * 10**9
        await store.set_password(tx, server.account["user_id"], passwords.hash_password("new"), at)
    await server.directory.refresh(server.database)
    server.account["password"] = "new"

    new = {"X-Auth-Token": await server.token()}

    assert (await server.jobs(old)).status_code == 401
    assert (await server.jobs(new)).status_code == 200


def test_a_token_of_an_earlier_release_is_still_read() -> None:
    tokens = Tokens(b"k" * 32)
    said = ["id", "user", "domain", "project", ["password"], 1, 2]
    text = tokens._fernet.encrypt(msgspec.json.encode(said)).decode()

    token = tokens.open(text)

    assert (token.chain, token.password, token.expires_at) == ("id", 0, 2)


async def test_a_changed_password_ends_the_tokens_issued_before(server: Server) -> None:
    before = {"X-Auth-Token": await server.token()}
    async with server.database.transaction() as tx:
        changed = passwords.hash_password("new"), now()
        await store.set_password(tx, server.account["user_id"], *changed)
    await server.directory.refresh(server.database)

    old = await server.jobs(before)
    server.account["password"] = "new"
    new = await server.jobs({"X-Auth-Token": await server.token()})

    assert (old.status_code, new.status_code) == (401, 200)


async def test_an_expired_token_is_told_when_it_ended(tmp_path: Path) -> None:
    async with serving(tmp_path, token_lifetime_hours=1e-9) as server:
        headers = {"X-Auth-Token": await server.token()}

        answer = await server.jobs(headers)

    assert answer.status_code == 401
    assert "token expires, expires_at: " in answer.json()["error_msg"]


async def test_a_token_that_was_just_used_ends_in_time(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"X-Auth-Token": await server.token()}
    used = await server.jobs(headers)
    tomorrow = now() + 25 * 3600 * 1_000_000_000
    monkeypatch.setattr(auth, "now", lambda: tomorrow)
    monkeypatch.setattr(tokens, "now", lambda: tomorrow)

    ended = await server.jobs(headers)

    assert (used.status_code, ended.status_code) == (200, 401)


async def test_a_disabled_user_project_or_domain_is_refused_at_once(server: Server) -> None:
    headers = {"X-Auth-Token": await server.token()}
    snapshot = server.directory.snapshot
    statuses = []
    for record in (
        snapshot.users[server.account["user_id"]],
        snapshot.projects[server.account["project_id"]],
        snapshot.domains[server.account["domain_id"]],
    ):
        for enabled in (False, True):
            async with server.database.transaction() as tx:
                await store.change(tx, record, enabled=enabled)
            await server.directory.refresh(server.database)
            statuses.append((await server.jobs(headers)).status_code)

    assert statuses == [401, 200, 403, 200, 401, 200]


async def test_ended_revocations_and_temporary_keys_are_forgotten(server: Server) -> None:
    key = store.AccessKey(
        access_key="OLD", user_id=server.account["user_id"], sealed_secret="", expires_at=1
    )
    await server.change(key)
    async with server.database.transaction() as tx:
        await store.revoke(tx, "old", 1)
        await store.revoke(tx, "new", now() + 10**12)

    async with server.database.transaction() as tx:
        await store.purge(tx, now())

    await server.directory.refresh(server.database)
    assert set(server.directory.snapshot.revoked) == {"new"}
    assert set(server.directory.snapshot.access_keys) == {server.account["access_key"]}
