"""Clusters' private keys are of no use to whoever gets the database without the server's key."""

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from clusterwright.drivers.simulated import store
from clusterwright.iam.vault import Vault
from clusterwright.storage.database import Database
from tests.api.cloud import Cloud, open_cloud

ASKED: dict[str, Any] = {"duration": 30}


def written(folder: Path) -> bytes:
    """All that the server has on its disk."""
    return b"\n".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def client_key(cloud: Cloud, path: str) -> str:
    config = await cloud.call("POST", f"{path}/clustercert", ASKED, expect=200)
    pem: str = b64decode(config["users"][0]["user"]["client-key-data"]).decode()
    return pem


def traces(pem: str) -> list[bytes]:
    """What a file holds that has a private key in it, as PEM text or encoded once more."""
    body = pem.splitlines()[1].encode()
    return [b"PRIVATE KEY", body, b64encode(pem.encode())[40:80]]


async def test_no_private_key_of_a_cluster_is_ever_written_in_clear(tmp_path: Path) -> None:
    found = []
    async with open_cloud(tmp_path) as cloud:
        path = f"{cloud.project}/clusters/{await cloud.cluster()}"
        first = await client_key(cloud, path)
        asked = {"component": "all"}
        rotated = await cloud.call("POST", f"{path}/rotatecredentials", asked, expect=200)
        await cloud.until(f"{cloud.project}/jobs/{rotated['jobid']}", "status.phase", "Success")
        second = await client_key(cloud, path)
        keys = traces(first) + traces(second)
        found += [trace for trace in keys if trace in written(tmp_path)]
        await cloud.call("DELETE", path, expect=200)
        await cloud.until_gone(path)

    found += [trace for trace in keys if trace in written(tmp_path)]
    assert first != second
    assert not found


async def private_keys(database: Database) -> list[str]:
    async with database.reading() as tx:
        rows = await tx.execute(sa.select(store.certificates.c.private_key))
        return [str(text) for text in rows.scalars()]


async def store_in_clear(data: Path) -> list[str]:
    """Store the keys as an earlier release did. Returns what the rows hold then."""
    vault = Vault((data / "secret.key").read_bytes().strip())
    database = Database(f"sqlite:///{data / 'clusterwright.db'}")
    column = store.certificates.c.private_key
    for sealed in await private_keys(database):
        async with database.transaction() as tx:
            changed = sa.update(store.certificates).where(column == sealed)
            await tx.execute(changed.values(private_key=vault.open(sealed)))
    clear = await private_keys(database)
    await database.dispose()
    return clear


async def test_keys_that_an_earlier_release_wrote_in_clear_work_on_and_are_sealed_by_the_next_start(
    tmp_path: Path,
) -> None:
    async with open_cloud(tmp_path) as cloud:
        path = f"{cloud.project}/clusters/{await cloud.cluster()}"
        before = await client_key(cloud, path)
    clear = await store_in_clear(tmp_path / "data")

    async with open_cloud(tmp_path) as cloud:
        after = await client_key(cloud, path)
        database = Database(f"sqlite:///{tmp_path / 'data' / 'clusterwright.db'}")
        sealed = await private_keys(database)
        await database.dispose()

    assert after == before
    assert len(clear) == len(sealed) == 3
    assert all(text.startswith("-----BEGIN ") for text in clear)
    assert not any("BEGIN" in text for text in sealed)
