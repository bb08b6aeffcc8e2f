"""``clusterwright admin``: domains, projects, users and access keys, straight in the database.

A running server notices every change within a second. Secrets are printed once, at creation.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from clusterwright.cli.folder import configured
from clusterwright.clock import now
from clusterwright.errors import ApiError
from clusterwright.iam import first_account, passwords, server_key, store, vault
from clusterwright.iam.server_key import KeyChanged
from clusterwright.iam.store import AccessKey, Domain, Project, Record, Snapshot, User
from clusterwright.ids import new_id
from clusterwright.settings import Settings
from clusterwright.storage.database import Database, StorageUnavailable, Tx, sqlite_path

T = TypeVar("T", bound=Record)
Row = dict[str, str | bool]

app = typer.Typer(help="Manage who may use the server.", no_args_is_help=True, add_completion=False)
domain_app = typer.Typer(help="Accounts: they own projects and users.", no_args_is_help=True)
project_app = typer.Typer(help="Projects: they own clusters.", no_args_is_help=True)
user_app = typer.Typer(help="Users: they may use their domain's projects.", no_args_is_help=True)
key_app = typer.Typer(help="Access keys: they sign requests for a user.", no_args_is_help=True)
app.add_typer(domain_app, name="domain")
app.add_typer(project_app, name="project")
app.add_typer(user_app, name="user")
app.add_typer(key_app, name="key")

Output = Annotated[
    Literal["table", "json"], typer.Option("-o", "--output", help="For people or for programs")
]
Named = Annotated[str, typer.Argument(help="Id, or name where only one has it")]
NewName = Annotated[str, typer.Argument(help="Name of the new one")]
InDomain = Annotated[str, typer.Option("--domain", help="Id or name of the domain")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input")
]
PasswordPrompt = Annotated[bool, typer.Option("--password-prompt", help="Ask for the password")]


@app.callback()
def choose_database(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="Data folder (CLUSTERWRIGHT_DATA)")] = None,
    database: Annotated[
        str | None,
        typer.Option(help="URL of the database without a password (CLUSTERWRIGHT_DATABASE)"),
    ] = None,
) -> None:
    """Manage who may use the server."""
    given = {"data": data, "database": database}
    context.obj = configured(given)


def _fail(reason: str) -> NoReturn:
    typer.echo(f"Error: {reason}", err=True)
    raise typer.Exit(1)


def _apply(
    context: typer.Context, change: Callable[[Tx, Snapshot], Awaitable[list[Row]]]
) -> list[Row]:
    """Run a change in one transaction and return the rows it tells of."""
    settings: Settings = context.obj

    async def run() -> list[Row]:
        database = Database(settings.database_url)
        try:
            if database.is_sqlite and not sqlite_path(database.url).exists():
                _fail(f"There is no database at {database.url}. Start the server once.")
            async with database.transaction() as tx:
                return await change(tx, await store.load(tx))
        finally:
            await database.dispose()

    try:
        return asyncio.run(run())
    except ApiError as error:
        _fail(error.detail)
    except KeyChanged as error:
        _fail(str(error))
    except StorageUnavailable as error:
        _fail(f"The database does not answer: {error}")


def _find(records: Mapping[str, T], wanted: str) -> T:
    if wanted in records:
        return records[wanted]
    same = [r for r in records.values() if getattr(r, "name", None) == wanted]
    if len(same) != 1:
        _fail(f"{'Nothing' if not same else 'More than one thing'} is named {wanted}. Give an id.")
    return same[0]


def _show(rows: Iterable[Row], output: str) -> None:
    shown = list(rows)
    if output == "json":
        typer.echo(json.dumps(shown, indent=2))
        return
    table = Table(*(shown[0] if shown else ["nothing found"]))
    for row in shown:
        table.add_row(*(str(value) for value in row.values()))
    # Wide enough for every value: a secret that is cut is lost.
    Console(width=None if sys.stdout.isatty() else 400, soft_wrap=True).print(table)


def _switch(
    context: typer.Context,
    choose: Callable[[Snapshot], Mapping[str, T]],
    wanted: str,
    *,
    enabled: bool,
) -> None:
    async def change(tx: Tx, snapshot: Snapshot) -> list[Row]:
        await store.set_enabled(tx, _find(choose(snapshot), wanted), enabled=enabled)
        return []

    _apply(context, change)
    typer.echo(f"{wanted} is {'enabled' if enabled else 'disabled'}.", err=True)


def _row(record: Domain | Project | User) -> Row:
    row: Row = {"id": record.id, "name": record.name, "enabled": record.enabled}
    return row if isinstance(record, Domain) else row | {"domain_id": record.domain_id}


def _list(
    context: typer.Context,
    choose: Callable[[Snapshot], Iterable[T]],
    row: Callable[[T], Row],
    output: str,
) -> None:
    async def read(tx: Tx, snapshot: Snapshot) -> list[Row]:
        return [row(record) for record in choose(snapshot)]

    _show(_apply(context, read), output)


def _password(*, stdin: bool, prompt: bool) -> tuple[str, bool]:
    """The password to set, and whether it is a new one that must be shown."""
    if stdin:
        password = sys.stdin.readline().rstrip("\n")
        if not password:
            _fail("Standard input holds no password.")
        return password, False
    if prompt:
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed, False
    return passwords.new_password(), True


@domain_app.command("add")
def add_domain(context: typer.Context, name: NewName, output: Output = "table") -> None:
    """Add a domain."""
    domain = Domain(id=new_id(), name=name)

    async def change(tx: Tx, snapshot: Snapshot) -> list[Row]:
        await store.add(tx, domain)
        return [_row(domain)]

    _show(_apply(context, change), output)


@domain_app.command("list")
def list_domains(context: typer.Context, output: Output = "table") -> None:
    """List the domains."""
    _list(context, lambda snapshot: snapshot.domains.values(), _row, output)


@domain_app.command("disable")
def disable_domain(context: typer.Context, domain: Named) -> None:
    """Refuse everything of a domain."""
    _switch(context, lambda snapshot: snapshot.domains, domain, enabled=False)


@domain_app.command("enable")
def enable_domain(context: typer.Context, domain: Named) -> None:
    """Let a domain be used again."""
    _switch(context, lambda snapshot: snapshot.domains, domain, enabled=True)


@project_app.command("add")
def add_project(
    context: typer.Context, name: NewName, domain: InDomain, output: Output = "table"
) -> None:
    """Add a project to a domain."""

    async def change(tx: Tx, snapshot: Snapshot) -> list[Row]:
        owner = _find(snapshot.domains, domain)
        project = Project(id=new_id(), domain_id=owner.id, name=name)
        await store.add(tx, project)
        return [_row(project)]

    _show(_apply(context, change), output)


@project_app.command("list")
def list_projects(context: typer.Context, output: Output = "table") -> None:
    """List the projects."""
    _list(context, lambda snapshot: snapshot.projects.values(), _row, output)


@project_app.command("disable")
def disable_project(context: typer.Context, project: Named) -> None:
    """Refuse requests for a project."""
    _switch(context, lambda snapshot: snapshot.projects, project, enabled=False)


@project_app.command("enable")
def enable_project(context: typer.Context, project: Named) -> None:
    """Let a project be used again."""
    _switch(context, lambda snapshot: snapshot.projects, project, enabled=True)


@user_app.command("add")
def add_user(
    context: typer.Context,
    name: NewName,
    domain: InDomain,
    password_stdin: PasswordStdin = False,
    password_prompt: PasswordPrompt = False,
    output: Output = "table",
) -> None:
    """Add a user to a domain; make and print a password unless one is given."""
    password, is_new = _password(stdin=password_stdin, prompt=password_prompt)

    async def change(tx: Tx, snapshot: Snapshot) -> list[Row]:
        owner = _find(snapshot.domains, domain)
        user = first_account.new_user(owner.id, name, password)
        await store.add(tx, user)
        return [_row(user) | ({"password": password} if is_new else {})]

    _show(_apply(context, change), output)


@user_app.command("password")
def set_password(
    context: typer.Context,
    user: Named,
    password_stdin: PasswordStdin = False,
    password_prompt: PasswordPrompt = False,
    output: Output = "table",
) -> None:
    """Change a user's password; tokens issued before are good no more."""
    password, is_new = _password(stdin=password_stdin, prompt=password_prompt)

    async def change(tx: Tx, snapshot: Snapshot) -> list[Row]:
        found = _find(snapshot.users, user)
        await store.set_password(tx, found.id, passwords.hash_password(password), now())
        return [_row(found) | ({"password": password} if is_new else {})]

    _show(_apply(context, change), output)


@user_app.command("list")
def list_users(context: typer.Context, output: Output = "table") -> None:
    """List the users."""
    _list(context, lambda snapshot: snapshot.users.values(), _row, output)


@user_app.command("disable")
def disable_user(context: typer.Context, user: Named) -> None:
    """Refuse a user's password, tokens and keys."""
    _switch(context, lambda snapshot: snapshot.users, user, enabled=False)


@user_app.command("enable")
def enable_user(context: typer.Context, user: Named) -> None:
    """Let a user in again."""
    _switch(context, lambda snapshot: snapshot.users, user, enabled=True)


@key_app.command("add")
def add_key(context: typer.Context, user: Named, output: Output = "table") -> None:
    """Add an access key for a user and print its secret, once."""
    settings: Settings = context.obj
    secret = vault.new_secret_key()
    sealing = server_key.load(settings)
    sealed = vault.Vault(sealing).seal(secret)

    async def change(tx: Tx, snapshot: Snapshot) -> list[Row]:
        await server_key.check(tx, sealing)
        owner = _find(snapshot.users, user)
        key = AccessKey(access_key=vault.new_access_key(), user_id=owner.id, sealed_secret=sealed)
        await store.add(tx, key)
        return [_key_row(key) | {"secret_key": secret}]

    _show(_apply(context, change), output)


@key_app.command("list")
def list_keys(context: typer.Context, output: Output = "table") -> None:
    """List the access keys, without their secrets."""
    _list(context, lambda snapshot: snapshot.access_keys.values(), _key_row, output)


def _key_row(key: AccessKey) -> Row:
    return {
        "access_key": key.access_key,
        "user_id": key.user_id,
        "enabled": key.enabled,
        "temporary": bool(key.expires_at),
    }


@key_app.command("disable")
def disable_key(context: typer.Context, key: Named) -> None:
    """Refuse requests signed with a key."""
    _switch(context, lambda snapshot: snapshot.access_keys, key, enabled=False)


@key_app.command("enable")
def enable_key(context: typer.Context, key: Named) -> None:
    """Accept requests signed with a key again."""
    _switch(context, lambda snapshot: snapshot.access_keys, key, enabled=True)
