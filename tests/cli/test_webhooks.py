"""``clusterwright webhook`` against a running server, with a receiver that verifies."""

import json
import re
from collections.abc import Iterator

import pytest
import yaml
from standardwebhooks.webhooks import Webhook

from tests.cli.command_line import CommandLine
from tests.kit import until
from tests.receiver import receiving
from tests.server_process import ServerProcess

pytestmark = pytest.mark.clients

UNKNOWN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def sending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A command line whose server sends to this host too."""
    home = tmp_path_factory.mktemp("sending")
    server = ServerProcess(home / "data", webhook_private_targets=True).start()
    yield CommandLine(home, {"CLUSTERWRIGHT_DATA": str(server.data)})
    server.stop()


def test_a_receiver_is_registered_hears_of_jobs_and_is_sent_to_again(sending: CommandLine) -> None:
    with receiving() as receiver:
        made = sending("webhook", "create", receiver.url, "--description", "mine")
        told = dict(re.findall(r"^([A-Z]+) +(\S+) *$", made.out, re.MULTILINE))
        listed = sending("webhook", "list", "-o", "json").document["webhooks"]
        shown = sending("webhook", "show", receiver.url)
        assert sending("cluster", "create", "told").code == 0
        until(
            "the end", lambda: b'"phase":"Success"' in b"".join(e.body for e in receiver.got[-1:])
        )
        found = sending("webhook", "deliveries", told["ID"], "--limit", "2", "-o", "json")
        lines = sending("webhook", "deliveries", receiver.url)
        [last, before] = found.document["deliveries"]
        again = sending("webhook", "resend", receiver.url, before["uid"])
        until("again", lambda: receiver.got[-1].headers["webhook-id"] == before["event"])
        deleted = sending("webhook", "delete", receiver.url)

    assert (made.code, made.err) == (0, "")
    assert Webhook(told["SECRET"]).verify(receiver.got[-1].body, receiver.got[-1].headers)
    assert [(each["uid"], each["description"]) for each in listed] == [(told["ID"], "mine")]
    assert told["SECRET"] not in shown.out + json.dumps(listed)
    assert re.search(rf"^URL +{re.escape(receiver.url)} *$", shown.out, re.MULTILINE)
    assert last["event"] > before["event"]
    assert re.search(
        rf"^{before['uid']} +delivered +1 +204 +{re.escape(before['event'])} ",
        lines.out,
        re.MULTILINE,
    )
    assert again.out == f"Event {before['event']} is sent again.\n"
    assert deleted.out == f"Webhook {told['ID']} is deleted.\n"
    assert "There are no webhooks." in sending("webhook", "list").out


def test_programs_get_the_documents(sending: CommandLine) -> None:
    made = sending("webhook", "create", "http://127.0.0.1:9/", "-o", "yaml")
    uid = yaml.safe_load(made.out)["uid"]
    shown = sending("webhook", "show", uid, "-o", "json")
    empty = sending("webhook", "deliveries", uid, "-o", "json")
    strange = sending("webhook", "resend", uid, "../..")

    assert yaml.safe_load(made.out)["secret"].startswith("whsec_")
    assert (shown.document["uid"], shown.document["failures"]) == (uid, 0)
    assert empty.document == {"deliveries": [], "nextMarker": None}
    assert re.fullmatch(r"Error: 404 .*\n", strange.err)


def test_two_with_one_url_are_told_apart_by_their_ids(sending: CommandLine) -> None:
    url = "http://127.0.0.1:9/twice"
    made = [sending("webhook", "create", url, "-o", "json").document["uid"] for _ in range(2)]

    ran = sending("webhook", "delete", url)

    assert ran.code == 1
    assert f"Give the id of one webhook: {', '.join(made)}." in ran.err


def test_what_cannot_be_done_is_told_in_one_line(run: CommandLine) -> None:
    private = run("webhook", "create", "http://127.0.0.1:9/")
    unknown = run("webhook", "resend", UNKNOWN, UNKNOWN)

    assert {(ran.code, ran.out) for ran in (private, unknown)} == {(1, "")}
    assert re.fullmatch(r"Error: 400 \S+: .*url: .*private network.*\n", private.err)
    assert unknown.err.startswith(f"Error: There is no webhook {UNKNOWN}.")
