"""How passwords are hashed, and how a hash of an earlier release is replaced at a log-in."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterwright.iam import passwords, store
from tests.api.iam_server import Server, serving
from tests.conftest import COST

ANY_TEXT = st.text(max_size=30)  # with lone surrogates, which JSON allows


@pytest.fixture(autouse=True, scope="module")
def as_in_a_release() -> Iterator[None]:
    """Hashes cost what they cost everybody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", COST)
        yield


def old_hash(password: str) -> str:
    """What earlier releases stored."""
    salt = b"s" * 16
    made = hashlib.scrypt(password.encode(errors="surrogatepass"), salt=salt, n=2**14, r=8, p=1)
    return f"{salt.hex()}${made.hex()}"


@given(password=ANY_TEXT, other=ANY_TEXT)
@settings(max_examples=10, deadline=None)
def test_exactly_the_right_password_fits_its_hash_of_any_release(password: str, other: str) -> None:
    hashes = [passwords.hash_password(password), old_hash(password)]

    fits = [passwords.check_password(password, made) for made in hashes]
    others = [passwords.check_password(other, made) for made in hashes]

    assert fits == [True, True]
    assert others == [other == password] * 2
    assert [passwords.is_outdated(made) for made in hashes] == [False, True]


def test_a_hash_says_how_it_was_made_and_never_repeats() -> None:
    made = {passwords.hash_password("same") for _ in range(2)}

    assert len(made) == 2
    assert all(text.startswith("$argon2id$v=19$m=24576,t=2,p=1$") for text in made)


@pytest.mark.parametrize("stored", ["$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$x$y", "$2b$12$x"])
def test_a_hash_of_no_release_fits_nothing(stored: str) -> None:
    assert not passwords.check_password("", stored)


def test_nobody_has_a_password() -> None:
    assert not passwords.check_password("", None)


async def stored_hash(server: Server) -> str:
    async with server.database.reading() as tx:
        return (await store.load(tx)).users[server.account["user_id"]].password_hash


async def downgrade(server: Server) -> str:
    """Store the administrator's password as an earlier release did."""
    user = server.directory.snapshot.users[server.account["user_id"]]
    old = old_hash(server.account["password"])
    async with server.database.transaction() as tx:
        await store.rehash(tx, user.id, user.password_hash, old)
    await server.directory.refresh(server.database)
    return old


async def test_a_log_in_replaces_an_old_hash_and_ends_no_token(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        before = {"X-Auth-Token": await server.token()}
        await downgrade(server)

        after = {"X-Auth-Token": await server.token()}

        assert (await stored_hash(server)).startswith("$argon2id$")
        assert [(await server.jobs(token)).status_code for token in (before, after)] == [200, 200]
        assert (await server.log_in()).status_code == 201


async def test_a_wrong_password_leaves_an_old_hash_alone(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        old = await downgrade(server)
        server.account["password"] = "wrong"

        refused = await server.log_in()

        assert refused.status_code == 401
        assert await stored_hash(server) == old


async def test_a_new_hash_of_the_former_password_never_replaces_a_changed_one(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as server:
        old = await downgrade(server)
        async with server.database.transaction() as tx:
            await store.set_password(tx, server.account["user_id"], "changed", 1)

        async with server.database.transaction() as tx:
            await store.rehash(tx, server.account["user_id"], old, "rehashed")

        assert await stored_hash(server) == "changed"
