"""The server's rows, as ``admin`` and ``fault`` reach them: one transaction for one command."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from clusterwright.cli.folder import database_in_use, private_files, require_access
from clusterwright.cli.output import fail
from clusterwright.iam.server_key import KeyChanged
from clusterwright.iam.store import NameTaken
from clusterwright.settings import Settings
from clusterwright.storage.database import Database, StorageUnavailable, Tx
from clusterwright.storage.sqlite import sqlite_path

T = TypeVar("T")


def transact(settings: Settings, work: Callable[[Tx], Awaitable[T]]) -> T:
    """Do ``work`` in one transaction on the server's database, and return what it returns.

    The database must exist already. Whatever stands in the way ends the command with one sentence,
    and then nothing has changed. Files that are made on the way are nobody else's.

    A server that runs on the data folder tells its database, unless the settings name one: nobody
    is answered from a file that it does not use.
    """
    hint = ""
    if not settings.database and (used := database_in_use(settings.data)):
        settings = settings.model_copy(update={"database": used})
        hint = f". The server of {settings.data} uses {used}: tell its URL, with a password if it"
        hint += " needs one, in CLUSTERWRIGHT_DATABASE."
    try:
        with private_files():
            return asyncio.run(_transact(settings, work))
    except (KeyChanged, NameTaken) as error:
        fail(str(error))
    except StorageUnavailable as error:
        fail(f"The database cannot be used: {error}{hint}")
    except DBAPIError as error:
        fail(f"The database cannot be used: {error.orig}{hint}")


async def _transact(settings: Settings, work: Callable[[Tx], Awaitable[T]]) -> T:
    database = Database(settings.database_url, pool_size=1, name="clusterwright command")
    try:
        if database.is_sqlite:
            path = sqlite_path(database.url)
            require_access(path)
            if not path.exists():
                fail(f"There is no database at {path}. Start the server first.")
        async with database.transaction() as tx:
            return await work(tx)
    finally:
        await database.dispose()
