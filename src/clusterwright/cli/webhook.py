"""``clusterwright webhook``: who is told of the project's jobs, and what has been sent there."""

from typing import Annotated, Any

import typer

from clusterwright.cli.client import Api, connect
from clusterwright.cli.options import EXIT_FAILED, Output, OutputOption, Server
from clusterwright.cli.output import (
    Document,
    fail,
    moment,
    print_document,
    print_facts,
    print_list,
)

app = typer.Typer(
    help="Register, look at and delete webhooks; send what was sent again.",
    epilog=f"Exit codes: 0 done, {EXIT_FAILED} refused or failed, 2 not understood.",
    no_args_is_help=True,
    add_completion=False,
)

PAGE = 200
"""The most deliveries that one request answers."""
WebhookId = Annotated[str, typer.Argument(metavar="ID|URL", help="Id or URL of a webhook.")]


@app.command(epilog="Example: clusterwright webhook create https://example.org/hook")
def create(
    url: Annotated[str, typer.Argument(help="Where every event is sent from now on.")],
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Register a receiver, and print the secret that verifies what it gets: this once."""
    body = {"url": url} | ({"description": description} if description else {})
    made = connect(data).create_webhook(body)
    _show(made, output)
    if output is Output.TABLE:
        typer.echo("\nKeep the secret now: it is not told again.")


@app.command("list", epilog="Example: clusterwright webhook list")
def list_webhooks(output: OutputOption = Output.TABLE, data: Server = None) -> None:
    """List the project's webhooks, oldest first."""
    none = "There are no webhooks. Register one with: clusterwright webhook create URL"
    print_list(connect(data).list_webhooks(), output, _facts, none=none, key="webhooks")


@app.command(epilog="Example: clusterwright webhook show https://example.org/hook")
def show(webhook: WebhookId, output: OutputOption = Output.TABLE, data: Server = None) -> None:
    """Show a webhook, and how its receiver fares."""
    _show(_find(connect(data), webhook), output)


@app.command(epilog="Example: clusterwright webhook delete https://example.org/hook")
def delete(webhook: WebhookId, data: Server = None) -> None:
    """Forget a webhook, and what was not delivered to it."""
    api = connect(data)
    found = _find(api, webhook)
    api.delete_webhook(found["uid"])
    typer.echo(f"Webhook {found['uid']} is deleted.")


@app.command(epilog="Example: clusterwright webhook deliveries https://example.org/hook --limit 5")
def deliveries(
    webhook: WebhookId,
    limit: Annotated[int, typer.Option(min=1, help="The most to list.")] = 50,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """List what was sent to a webhook and what waits to be sent, newest first."""
    api = connect(data)
    uid = _find(api, webhook)["uid"]
    found: list[Document] = []
    page: dict[str, Any] = {}
    marker = None
    while len(found) < limit and (marker or not page):
        asked = min(PAGE, limit - len(found))
        page = dict(api.list_deliveries(uid, limit=asked, marker=marker))
        found += page["deliveries"]
        marker = page["nextMarker"]
    whole = page | {"deliveries": found}
    print_list(whole, output, _sent, none="Nothing has happened since.", key="deliveries")
    if output is Output.TABLE and marker:
        typer.echo("There may be more: see them with a larger --limit.", err=True)


@app.command(epilog="Example: clusterwright webhook resend https://example.org/hook $DELIVERY_ID")
def resend(
    webhook: WebhookId,
    delivery: Annotated[
        str, typer.Argument(metavar="DELIVERY", help="Id of a delivery, as deliveries lists it.")
    ],
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Send an event again as soon as may be, whatever became of it."""
    api = connect(data)
    found = api.resend_delivery(_find(api, webhook)["uid"], delivery)
    if output is Output.TABLE:
        typer.echo(f"Event {found['event']} is sent again.")
    else:
        print_document(found, output)


def _find(api: Api, uid_or_url: str) -> Document:
    """The webhook with that id, or else the only one with that URL."""
    every: list[Document] = api.list_webhooks()["webhooks"]
    found = [one for one in every if one["uid"] == uid_or_url]
    found = found or [one for one in every if one["url"] == uid_or_url]
    if not found:
        fail(f"There is no webhook {uid_or_url}. See them with: clusterwright webhook list")
    if len(found) > 1:
        uids = ", ".join(one["uid"] for one in found)
        fail(f"Several go to {uid_or_url}. Give the id of one webhook: {uids}.")
    return found[0]


def _show(webhook: Document, output: Output) -> None:
    if output is not Output.TABLE:
        print_document(webhook, output)
        return
    paused = webhook["pausedUntil"]
    print_facts(
        {
            "ID": webhook["uid"],
            "URL": webhook["url"],
            "DESCRIPTION": webhook["description"],
            "CREATED": moment(webhook["createdAt"]),
            "FAILURES": str(webhook["failures"] or ""),
            "PAUSED UNTIL": moment(paused) if paused else "",
            "SECRET": webhook.get("secret", ""),
        }
    )


def _facts(webhook: Document) -> dict[str, str]:
    """What is told of a webhook where there is one line for it, what matters most first."""
    return {
        "ID": webhook["uid"],
        "URL": webhook["url"],
        "FAILURES": str(webhook["failures"]),
        "CREATED": moment(webhook["createdAt"]),
        "DESCRIPTION": webhook["description"],
    }


def _sent(delivery: Document) -> dict[str, str]:
    """What is told of a delivery where there is one line for it, what matters most first."""
    next_at = delivery["nextAt"]
    return {
        "ID": delivery["uid"],
        "STATE": delivery["state"],
        "TRIES": str(delivery["attempts"]),
        "ANSWER": str(delivery["status"] or ""),
        "EVENT": delivery["event"],
        "CREATED": moment(delivery["createdAt"]),
        "NEXT TRY": moment(next_at) if next_at else "",
        "ERROR": delivery["error"],
    }
