"""The account that the first start makes, so that the second command of a newcomer can use it."""

import asyncio
import json

from clusterwright.clock import now
from clusterwright.iam import passwords, server_key, store, vault
from clusterwright.iam.store import AccessKey, Domain, Project, User
from clusterwright.ids import new_id
from clusterwright.settings import Settings
from clusterwright.storage.database import Database


def new_user(domain_id: str, name: str, password: str, id: str = "") -> User:
    """A user to add. Hashes the password: never call it on the event loop."""
    return User(
        id=id or new_id(),
        domain_id=domain_id,
        name=name,
        password_hash=passwords.hash_password(password),
        password_changed_at=(at := now()),
        created_at=at,
    )


async def bootstrap(database: Database, settings: Settings) -> bool:
    """Make the first account in a database without domains; tell whether this call made it.

    ``credentials.json`` in the data folder is written first and believed ever after, so a start
    that died at any line is finished by the next.
    """
    async with database.reading() as tx:
        if await store.has_domain(tx):
            return False
    names = {"domain_name": "clusterwright", "user_name": "admin"}
    region = {"project_name": settings.region, "region": settings.region}
    ids = {name: new_id() for name in ("domain_id", "project_id", "user_id")}
    chosen_secrets = {
        "password": passwords.new_password(),
        "access_key": vault.new_access_key(),
        "secret_key": vault.new_secret_key(),
    }
    fresh = json.dumps(names | region | ids | chosen_secrets, indent=2).encode() + b"\n"
    chosen = json.loads(vault.private_file(settings.data / "credentials.json", fresh))
    sealed = vault.Vault(server_key.load(settings)).seal(chosen["secret_key"])
    user = await asyncio.to_thread(
        new_user, chosen["domain_id"], chosen["user_name"], chosen["password"], chosen["user_id"]
    )
    domain_id = user.domain_id
    async with database.transaction() as tx:
        await store.begin_change(tx)
        if await store.has_domain(tx):
            return False
        await store.add(tx, Domain(id=domain_id, name=chosen["domain_name"]))
        await store.add(
            tx,
            Project(id=chosen["project_id"], domain_id=domain_id, name=chosen["project_name"]),
        )
        await store.add(tx, user)
        await store.add(
            tx,
            AccessKey(
                access_key=chosen["access_key"],
                user_id=user.id,
                sealed_secret=sealed,
                created_at=user.created_at,
            ),
        )
    return True
