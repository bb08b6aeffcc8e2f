"""The first start, the server's key, changes of other processes, and the admin commands."""

import asyncio
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clusterwright.app import identity_chores
from clusterwright.cli.admin import app
from clusterwright.clock import now
from clusterwright.iam import first_account, server_key, store, vault
from clusterwright.iam.directory import Directory
from clusterwright.iam.server_key import KeyChanged
from clusterwright.iam.store import AccessKey
from clusterwright.iam.tokens import TokenError, Tokens
from clusterwright.ids import new_id
from clusterwright.settings import Settings
from clusterwright.storage.database import Database
from clusterwright.supervision import Supervisor
from tests.api.iam_server import Server, serving, tables
from tests.kit import until_async


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_key_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")

    keys = {server_key.load(settings) for _ in range(3)}

    assert len(keys) == 1
    assert mode(settings.data) == 0o700
    assert [(path.name, mode(path)) for path in settings.data.iterdir()] == [("secret.key", 0o600)]


async def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")

    keys = await asyncio.gather(*(asyncio.to_thread(server_key.load, settings) for _ in range(16)))

    assert len(set(keys)) == 1


def test_a_short_secret_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16 characters"):
        server_key.load(Settings(data=tmp_path, secret_key="short"))


def test_a_token_of_another_server_or_of_another_purpose_is_none() -> None:
    key = b"k" * 32
    ours = Tokens(key)
    facts: dict[str, Any] = {
        "user_id": "u",
        "domain_id": "d",
        "project_id": "",
        "methods": (),
        "password": 1,
    }
    text, token = ours.issue(**facts, expires_at=now() + 10**12)

    assert Tokens(key).read(text) == token
    for foreign in (Tokens(b"l" * 32).issue(**facts, expires_at=1)[0], vault.Vault(key).seal("{}")):
        with pytest.raises(TokenError):
            ours.read(foreign)


async def test_a_start_that_died_after_any_line_is_finished_by_the_next(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    tables(settings)
    database = Database(settings.database_url)
    chosen = {
        "domain_id": new_id(),
        "domain_name": "clusterwright",
        "project_id": new_id(),
        "project_name": "r",
        "user_id": new_id(),
        "user_name": "admin",
        "password": "p",
        "access_key": "AK",
        "secret_key": "SK",
        "region": "r",
    }
    (settings.data / "credentials.json").write_text(json.dumps(chosen))

    made = [await first_account.bootstrap(database, settings) for _ in range(2)]

    directory = Directory(server_key.load(settings))
    await directory.refresh(database)
    await database.dispose()
    assert made == [True, False]
    assert set(directory.snapshot.projects) == {chosen["project_id"]}
    assert directory.vault.open(directory.snapshot.access_keys["AK"].sealed_secret) == "SK"


async def test_two_first_starts_at_once_make_one_account(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    tables(settings)
    databases = [Database(settings.database_url) for _ in range(3)]

    made = await asyncio.gather(
        *(first_account.bootstrap(database, settings) for database in databases)
    )

    for database in databases:
        await database.dispose()
    assert sorted(made) == [False, False, True]
    assert mode(settings.data / "credentials.json") == 0o600


def watching(server: Server) -> Supervisor:
    """What lets a server notice what other processes do."""
    return Supervisor(identity_chores(server.directory, server.database))


async def test_a_running_server_notices_what_admin_does(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, watching(server):
        seen = server.directory
        at = ["--data", str(server.settings.data)]

        def admin(*words: str, stdin: str = "") -> Any:
            result = CliRunner().invoke(app, [*at, *words], input=stdin)
            assert result.exit_code == 0, result.output
            return json.loads(result.stdout) if "json" in words else None

        async def run(*words: str, stdin: str = "") -> Any:
            return await asyncio.to_thread(admin, *words, stdin=stdin)

        await run("domain", "add", "acme", "-o", "json")
        [project] = await run("project", "add", "p1", "--domain", "acme", "-o", "json")
        [user] = await run("user", "add", "alice", "--domain", "acme", "-o", "json")
        [key] = await run("key", "add", "alice", "-o", "json")
        await until_async(
            "the change is not noticed", lambda: key["access_key"] in seen.snapshot.access_keys
        )
        pair = (key["access_key"], key["secret_key"])
        signed = server.sign("GET", f"/api/v3/projects/{project['id']}/jobs", key=pair)
        by_key = await server.jobs(signed, project["id"])
        by_password = await server.ask_token(
            password={"user": {"id": user["id"], "password": user["password"]}}
        )
        await run("user", "password", "alice", "--password-stdin", stdin="changed\n")
        await run("key", "disable", key["access_key"])
        await until_async(
            "the change is not noticed",
            lambda: not seen.snapshot.access_keys[key["access_key"]].enabled,
        )
        refused = await server.jobs(signed, project["id"])
        changed = await server.ask_token(
            password={"user": {"id": user["id"], "password": "changed"}}
        )
        listed = await run("key", "list", "-o", "json")
        given = ("FIXEDKEY0000000000AA", "a secret of my own")
        words = ("--access-key", given[0], "--secret-key-stdin")
        [fixed] = await run("key", "add", "alice", *words, "-o", "json", stdin=f"{given[1]}\n")
        await until_async(
            "the change is not noticed", lambda: given[0] in seen.snapshot.access_keys
        )
        path = f"/api/v3/projects/{project['id']}/jobs"
        by_fixed = await server.jobs(server.sign("GET", path, key=given), project["id"])

    statuses = [a.status_code for a in (by_key, by_password, refused, changed)]
    assert statuses == [200, 201, 401, 201]
    assert key["secret_key"] not in json.dumps(listed)
    assert by_fixed.status_code == 200
    assert (fixed["access_key"], "secret_key" in fixed) == (given[0], False)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["domain", "add", "clusterwright"], "A domain named clusterwright exists"),
        (
            ["key", "add", "nobody"],
            "There is no user nobody. See their ids with: clusterwright admin",
        ),
        (["key", "add", "admin", "--access-key", "FIXED"], "--secret-key-stdin together"),
        (["key", "add", "admin", "--secret-key-stdin"], "--secret-key-stdin together"),
        (["key", "add", "admin", "--access-key", "FIXED", "--secret-key-stdin"], "no secret key"),
        (["key", "add", "admin", "--access-key", "a,b", "--secret-key-stdin"], "4 to 128 letters"),
        (["user", "add", "x", "--domain", "clusterwright", "--password-stdin"], "no password"),
    ],
)
async def test_admin_says_what_is_wrong(tmp_path: Path, words: list[str], reason: str) -> None:
    async with serving(tmp_path) as server:
        at = ["--data", str(server.settings.data)]

        result = await asyncio.to_thread(CliRunner().invoke, app, [*at, *words])

    assert result.exit_code == 1
    assert reason in result.stderr


def test_admin_makes_no_database(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--data", str(tmp_path), "user", "list"])

    assert result.exit_code == 1
    assert "Start the server first" in result.stderr
    assert list(tmp_path.iterdir()) == []


async def test_admin_shows_people_whole_secrets(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        words = ["--data", str(server.settings.data), "key", "add", "admin"]

        result = await asyncio.to_thread(CliRunner().invoke, app, words)
        await server.directory.refresh(server.database)

    keys = server.directory.snapshot.access_keys.values()
    secrets = [server.directory.vault.open(key.sealed_secret) for key in keys]
    assert any(secret in result.stdout for secret in secrets)


async def test_a_start_with_another_key_than_the_first_one_is_refused_in_a_sentence(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, secret_key="the first of two keys") as server:
        await server_key.confirm(server.database, b"the first of two keys")

        with pytest.raises(KeyChanged, match="CLUSTERWRIGHT_SECRET_KEY"):
            await server_key.confirm(server.database, b"the second of two keys")

        await server_key.confirm(server.database, b"the first of two keys")


async def test_a_key_that_was_never_confirmed_is_compared_with_what_it_sealed(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, secret_key="the first of two keys") as server:
        with pytest.raises(KeyChanged):
            await server_key.confirm(server.database, b"the second of two keys")


async def test_what_is_not_confirmed_any_more_is_refused_and_not_trusted(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        headers = {"X-Auth-Token": await server.token()}
        signed = server.sign("GET", f"/api/v3/projects/{server.account['project_id']}/jobs")

        async def statuses() -> list[int]:
            asked = [await server.jobs(headers), await server.jobs(signed), await server.log_in()]
            return [answer.status_code for answer in asked]

        server.directory._confirmed_at -= 31
        refused = await statuses()
        await server.directory.refresh(server.database)
        answered = await statuses()

    assert refused == [503, 503, 503]
    assert answered == [200, 200, 201]


async def test_noticing_a_change_reads_what_has_changed_and_nothing_else(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        owner = server.account["user_id"]
        many = [
            AccessKey(access_key=f"KEY{number}", user_id=owner, sealed_secret="")
            for number in range(100)
        ]
        await server.change(*many)
        known = server.directory.snapshot

        async with server.database.transaction() as tx:
            await store.change(tx, many[7], enabled=False)
        async with server.database.reading() as tx:
            newer = await store.load(tx, replace(known, access_keys={}, users={}, domains={}))

        await server.directory.refresh(server.database)

    assert set(newer.access_keys) == {"KEY7"}
    assert not newer.users
    assert len(server.directory.snapshot.access_keys) == len(known.access_keys)
    assert not server.directory.snapshot.access_keys["KEY7"].enabled
