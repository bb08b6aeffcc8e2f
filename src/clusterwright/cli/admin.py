"""``clusterwright admin``: domains, projects, users and access keys, straight in the database.

A running server notices every change within a second. Secrets are printed once, at creation.
"""

import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Annotated, TypeVar

import typer

from clusterwright.cli import rows
from clusterwright.cli.folder import account, configured
from clusterwright.cli.options import Data, DatabaseUrl, Output, OutputOption
from clusterwright.cli.output import fail, print_record, print_records
from clusterwright.clock import now
from clusterwright.iam import first_account, passwords, server_key, store, vault
from clusterwright.iam.store import AccessKey, Domain, Project, Record, Snapshot, User
from clusterwright.ids import new_id
from clusterwright.settings import Settings
from clusterwright.storage.database import Tx

T = TypeVar("T")
R = TypeVar("R", bound=Record)
Facts = dict[str, str | bool]

_ACCESS_KEY = re.compile(r"[A-Za-z0-9._-]{4,128}").fullmatch
_KINDS = ("user", "project", "domain")
_ACCOUNT = ("access_key", *(f"{kind}_{what}" for kind in _KINDS for what in ("id", "name")))
"""What names a part of the first account."""
_ID_OR_NAME = "Id, or name where only one has it"
Named = Annotated[str, typer.Argument(help=_ID_OR_NAME)]
NewName = Annotated[str, typer.Argument(help="Name of the new one")]
InDomain = Annotated[str, typer.Option("--domain", help="Id or name of the domain")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input")
]
PasswordPrompt = Annotated[bool, typer.Option("--password-prompt", help="Ask for the password")]


def _group(
    kind: str,
    records: Callable[[Snapshot], Mapping[str, R]],
    *,
    about: str,
    listing: str,
    disabling: str,
    enabling: str,
) -> typer.Typer:
    """The commands for one kind of record, with those that are the same for all kinds."""
    group = typer.Typer(help=about, no_args_is_help=True)
    which = Annotated[str, typer.Argument(metavar=kind.upper(), help=_ID_OR_NAME)]

    @group.command("list", help=listing)
    def list_all(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
        async def read(tx: Tx, snapshot: Snapshot) -> list[Facts]:
            return [_facts(record) for record in records(snapshot).values()]

        print_records(_apply(context, read), output, none=f"There are no {kind}s.")

    def switch(context: typer.Context, wanted: str, *, enabled: bool) -> None:
        async def change(tx: Tx, snapshot: Snapshot) -> None:
            await store.change(tx, _find(records(snapshot), wanted, kind), enabled=enabled)

        _apply(context, change)
        typer.echo(f"{wanted} is {'enabled' if enabled else 'disabled'}.", err=True)
        if not enabled:
            _warn_of_env(context, wanted)

    @group.command("disable", help=disabling)
    def disable(context: typer.Context, wanted: which) -> None:
        switch(context, wanted, enabled=False)

    @group.command("enable", help=enabling)
    def enable(context: typer.Context, wanted: which) -> None:
        switch(context, wanted, enabled=True)

    return group


app = typer.Typer(help="Manage who may use the server.", no_args_is_help=True, add_completion=False)
domain_app = _group(
    "domain",
    lambda snapshot: snapshot.domains,
    about="Accounts: they own projects and users.",
    listing="List the domains.",
    disabling="Refuse everything of a domain.",
    enabling="Let a domain be used again.",
)
project_app = _group(
    "project",
    lambda snapshot: snapshot.projects,
    about="Projects: they own clusters.",
    listing="List the projects.",
    disabling="Refuse requests for a project.",
    enabling="Let a project be used again.",
)
user_app = _group(
    "user",
    lambda snapshot: snapshot.users,
    about="Users: they may use their domain's projects.",
    listing="List the users.",
    disabling="Refuse a user's password, tokens and keys.",
    enabling="Let a user in again.",
)
key_app = _group(
    "key",
    lambda snapshot: snapshot.access_keys,
    about="Access keys: they sign requests for a user.",
    listing="List the access keys, without their secrets.",
    disabling="Refuse requests signed with a key.",
    enabling="Accept requests signed with a key again.",
)
app.add_typer(domain_app, name="domain")
app.add_typer(project_app, name="project")
app.add_typer(user_app, name="user")
app.add_typer(key_app, name="key")


@app.callback()
def choose_database(
    context: typer.Context, data: Data = None, database: DatabaseUrl = None
) -> None:
    """Manage who may use the server."""
    context.obj = configured({"data": data, "database": database})


@domain_app.command("add")
def add_domain(context: typer.Context, name: NewName, output: OutputOption = Output.TABLE) -> None:
    """Add a domain."""
    _add(context, lambda snapshot: Domain(id=new_id(), name=name), output)


@project_app.command("add")
def add_project(
    context: typer.Context, name: NewName, domain: InDomain, output: OutputOption = Output.TABLE
) -> None:
    """Add a project to a domain."""

    def make(snapshot: Snapshot) -> Project:
        owner = _find(snapshot.domains, domain, "domain")
        return Project(id=new_id(), domain_id=owner.id, name=name)

    _add(context, make, output)


@user_app.command("add")
def add_user(
    context: typer.Context,
    name: NewName,
    domain: InDomain,
    password_stdin: PasswordStdin = False,
    password_prompt: PasswordPrompt = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Add a user to a domain; make and print a password unless one is given."""
    password, shown = _password(stdin=password_stdin, prompt=password_prompt)
    # Hashing takes its time, so it is done before the transaction.
    user = first_account.new_user("", name, password)

    def make(snapshot: Snapshot) -> User:
        return replace(user, domain_id=_find(snapshot.domains, domain, "domain").id)

    _add(context, make, output, **shown)


@user_app.command("password")
def set_password(
    context: typer.Context,
    user: Named,
    password_stdin: PasswordStdin = False,
    password_prompt: PasswordPrompt = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Change a user's password; tokens issued before stop working."""
    password, shown = _password(stdin=password_stdin, prompt=password_prompt)
    hashed = passwords.hash_password(password)

    async def change(tx: Tx, snapshot: Snapshot) -> Facts:
        found = _find(snapshot.users, user, "user")
        await store.set_password(tx, found.id, hashed, now())
        return _facts(found) | shown

    print_record(_apply(context, change), output)
    _warn_of_env(context, user)


@user_app.command("promote")
def promote(context: typer.Context, user: Named) -> None:
    """Let a user change who may use its domain, by the API."""
    _set_administrator(context, user, administrator=True)


@user_app.command("demote")
def demote(context: typer.Context, user: Named) -> None:
    """Take that right from a user."""
    _set_administrator(context, user, administrator=False)


def _set_administrator(context: typer.Context, user: str, *, administrator: bool) -> None:
    async def work(tx: Tx, snapshot: Snapshot) -> None:
        found = _find(snapshot.users, user, "user")
        await store.change(tx, found, administrator=administrator)

    _apply(context, work)
    typer.echo(f"{user} is {'an' if administrator else 'no'} administrator.", err=True)


@key_app.command("add")
def add_key(
    context: typer.Context,
    user: Named,
    access_key: Annotated[
        str, typer.Option(help="The access key to add, with --secret-key-stdin; else a new one")
    ] = "",
    secret_key_stdin: Annotated[
        bool, typer.Option("--secret-key-stdin", help="Read its secret key from standard input")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Add an access key for a user: a given pair, or a new one whose secret is printed, once."""
    if bool(access_key) is not secret_key_stdin:
        fail("Give --access-key and --secret-key-stdin together, or none of them.")
    if access_key and not _ACCESS_KEY(access_key):
        fail("--access-key: 4 to 128 letters, digits, dots, hyphens and underscores are needed.")
    secret = _line("secret key") if secret_key_stdin else vault.new_secret_key()
    shown = {} if secret_key_stdin else {"secret_key": secret}

    async def change(tx: Tx, snapshot: Snapshot) -> Facts:
        sealing = server_key.load(context.obj)
        await server_key.check(tx, sealing)
        if access_key in snapshot.access_keys:
            fail(f"The access key {access_key} exists. Disable it, and give another one.")
        key = AccessKey(
            access_key=access_key or vault.new_access_key(),
            user_id=_find(snapshot.users, user, "user").id,
            sealed_secret=vault.Vault(sealing).seal(secret),
            created_at=now(),
        )
        await store.add(tx, key)
        return _facts(key) | shown

    print_record(_apply(context, change), output)


def _apply(context: typer.Context, change: Callable[[Tx, Snapshot], Awaitable[T]]) -> T:
    """What a change returns that was made in one transaction, knowing everything that is there."""
    settings: Settings = context.obj

    async def work(tx: Tx) -> T:
        return await change(tx, await store.load(tx))

    return rows.transact(settings, work)


def _add(
    context: typer.Context, make: Callable[[Snapshot], Record], output: Output, **secrets: str
) -> None:
    """Add one record and print it, with secrets that are never told again."""

    async def change(tx: Tx, snapshot: Snapshot) -> Facts:
        record = make(snapshot)
        await store.add(tx, record)
        return _facts(record) | secrets

    print_record(_apply(context, change), output)


def _find(records: Mapping[str, R], wanted: str, kind: str) -> R:
    if wanted in records:
        return records[wanted]
    same = [r for r in records.values() if getattr(r, "name", None) == wanted]
    if len(same) != 1:
        found = f"More than one {kind} is named" if same else f"There is no {kind}"
        fail(f"{found} {wanted}. See their ids with: clusterwright admin {kind} list")
    return same[0]


def _warn_of_env(context: typer.Context, changed: str) -> None:
    """Say that the first account, as ``env`` tells it, was changed by its id, name or key."""
    told = account(context.obj.data)
    if changed in {told.get(name) for name in _ACCOUNT}:
        typer.echo(
            f"Warning: {changed} is of the first account, which `clusterwright env` goes on to"
            " print as it was: what uses its exports will be refused.",
            err=True,
        )


def _facts(record: Record) -> Facts:
    """What may be told of a record at any time."""
    if isinstance(record, AccessKey):
        return {
            "access_key": record.access_key,
            "user_id": record.user_id,
            "enabled": record.enabled,
            "temporary": bool(record.expires_at),
        }
    facts: Facts = {"id": record.id, "name": record.name, "enabled": record.enabled}
    if isinstance(record, Domain):
        return facts
    if isinstance(record, User):
        facts["administrator"] = bool(record.administrator)
    return facts | {"domain_id": record.domain_id}


def _line(secret: str) -> str:
    """The secret on the first line of standard input."""
    found = sys.stdin.readline().rstrip("\r\n")
    if not found:
        fail(f"Standard input holds no {secret}.")
    return found


def _password(*, stdin: bool, prompt: bool) -> tuple[str, dict[str, str]]:
    """The password to set, and what to show of it: a new one, for nobody knows it yet."""
    if stdin:
        return _line("password"), {}
    if prompt:
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed, {}
    password = passwords.new_password()
    return password, {"password": password}
