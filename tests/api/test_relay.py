"""WebSockets through this server: exec, attach and port-forward of real clusters need them."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from wsproto.events import CloseConnection

from clusterwright.cce.inside import api, proxy, relay
from clusterwright.web.edge import Edge, Only
from clusterwright.web.listener import Limits, Listener
from tests import websockets
from tests.api import iam_server
from tests.api.api_server import LARGE
from tests.api.cloud import sign_in
from tests.api.identities_made import KEYS, key
from tests.api.relayed import V5, Host, followed, open_host
from tests.kit import until_async
from tests.websockets import Refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

TUNNEL = "SPDY/3.1+portforward.k8s.io"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    """A server whose clusters' API servers are one of ours."""
    async with open_host(tmp_path_factory.mktemp("relay")) as host:
        yield host


async def test_messages_go_both_ways_as_they_are(host: Host) -> None:
    async with host.connected("echo", V5) as client:
        for sent in (b"\x00hello", "text", b"", "", "ü"):
            await client.send(sent)
            assert await client.receive() == sent
        assert client.subprotocol == V5

    asked = host.behind.asked[-1]
    assert asked.target == "/api/v1/namespaces/default/pods/echo/exec?command=sh&command=a%20b"
    assert asked.subprotocols == [V5]
    assert host.behind.users[-1] == "mina"


async def test_the_api_server_chooses_the_subprotocol(host: Host) -> None:
    async with host.connected("echo", "v9.channel.k8s.io", TUNNEL) as client:
        assert client.subprotocol == TUNNEL


async def test_what_it_refuses_is_answered_as_it_is(host: Host) -> None:
    with pytest.raises(Refused) as unknown:
        async with host.connected("echo", "chat"):
            pass
    with pytest.raises(Refused) as missing:
        async with host.connected("missing"):
            pass

    assert unknown.value.code == 400
    assert "unable to negotiate" in unknown.value.json["message"]
    assert (missing.value.code, missing.value.json["code"]) == (404, 404)
    assert "x-request-id" in missing.value.headers
    assert "x-secret" not in missing.value.headers


async def test_a_path_of_raw_bytes_is_handed_on(host: Host) -> None:
    token = host.headers["X-Auth-Token"].encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
    writer.write(
        b"GET /api/v1/namespaces/default/pods/missing/\xc3\xa9?c=\xc3\xa9%%2F HTTP/1.1\r\n"
        b"Host: %b.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Auth-Token: %b\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        % (host.uid.encode(), token)
    )

    line = await reader.readline()
    writer.close()

    assert line.split()[1] == b"404"
    assert host.behind.asked[-1].target.endswith("/missing/%C3%A9?c=%C3%A9%2F")


async def test_credentials_are_ours_alone_and_none_are_handed_on(host: Host) -> None:
    bearer = f"base64url.bearer.authorization.k8s.io.{'a' * 20}"
    headers = host.headers | {"Impersonate-User": "system:admin", "Cookie": "a=b"}

    async with host.connected("echo", bearer, V5, headers=headers):
        pass

    asked = host.behind.asked[-1]
    names = {name for name, _ in asked.extra_headers}
    assert asked.subprotocols == [V5]
    assert not names & {b"x-auth-token", b"authorization", b"impersonate-user", b"cookie"}


async def test_a_bearer_token_is_taken_as_kubectl_sends_it(host: Host) -> None:
    headers = host.headers
    headers["Authorization"] = f"Bearer {headers.pop('X-Auth-Token')}"

    async with host.connected("echo", headers=headers) as client:
        await client.send(b"x")
        assert await client.receive() == b"x"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"X-Auth-Token": ""}, 401),
        ({"X-Auth-Token": "x"}, 401),
        ({"Host": "00000000-0000-0000-0000-000000000000.cce.example.test"}, 404),
    ],
    ids=["nobody", "somebody wrong", "no cluster"],
)
async def test_whoever_may_not_is_told_before_there_is_a_websocket(
    host: Host, changed: dict[str, str], code: int
) -> None:
    before = len(host.behind.asked)

    with pytest.raises(Refused) as refused:
        async with host.connected("echo", headers=host.headers | changed):
            pass

    assert (refused.value.code, refused.value.json["kind"]) == (code, "Status")
    assert refused.value.json["message"]
    assert len(host.behind.asked) == before


async def test_a_websocket_elsewhere_is_refused(host: Host) -> None:
    with pytest.raises(Refused) as refused:
        elsewhere = host.headers | {"Host": "cce.example.test"}
        async with websockets.connected(host.port, "/healthz", headers=elsewhere):
            pass

    assert (refused.value.code, refused.value.json["error_code"]) == (400, "APIGW.0106")


async def test_the_port_of_probes_has_none(host: Host) -> None:
    listener = Listener("127.0.0.1", 0, Limits(64, head_seconds=10, answer_seconds=10))
    listener.start(Only(host.cloud.app, ("/healthz",)))
    path = "/api/v1/namespaces/default/pods/echo/exec"

    with pytest.raises(Refused) as refused:
        async with websockets.connected(listener.port, path, V5, headers=host.headers):
            pass
    await listener.stop(1, asyncio.Event())

    assert (refused.value.code, refused.value.json["error_code"]) == (404, "APIGW.0101")


async def test_the_end_of_the_api_server_is_the_clients(host: Host) -> None:
    async with host.connected("leave") as client:
        assert await client.receive() == "bye"
        assert await client.ended() == (4321, "served")
    async with host.connected("break_off") as client:
        assert await client.receive() == b"half"
        assert await client.ended() == (1011, "The API server broke off.")


async def test_the_end_of_the_client_is_the_api_servers(host: Host) -> None:
    async with host.connected("echo") as client:
        await client.say(CloseConnection(3210, "enough"))
        assert await client.ended() == (3210, "enough")
    async with host.connected("echo"):
        pass
    await until_async("a connection stays", lambda: not host.behind.visits)

    assert 3210 in [each.code for each in host.behind.closed]


async def test_pings_are_answered_on_both_sides(host: Host) -> None:
    async with host.connected("ping") as client:
        assert await client.receive() == b"1"
        await client.pong()


async def test_large_messages_pass_and_larger_ones_close(host: Host) -> None:
    async with host.connected("echo") as client:
        await client.send(3 * LARGE)
        assert await client.receive() == 3 * LARGE
        await client.send(5 * LARGE)
        code, reason = await client.ended()
    async with host.connected("swell") as client:
        assert (await client.ended())[0] == 1009

    assert (code, "at most 4194304 bytes" in reason) == (1009, True)


async def test_a_client_that_does_not_read_slows_the_api_server_down(host: Host) -> None:
    async with host.connected("flood") as client:
        seen = -1
        while seen != host.behind.flooded:
            seen = host.behind.flooded
            await asyncio.sleep(0.3)
        await client.receive()

        assert seen < 40
    await until_async("it goes on without a client", lambda: not host.behind.visits)


async def test_both_may_be_silent_for_a_while_only(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "IDLE_SECONDS", 0.2)

    async with host.connected("echo") as client:
        code, reason = await client.ended()

    assert (code, "Nothing was said" in reason) == (1001, True)


async def test_an_api_server_that_does_not_answer_is_not_waited_for(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clusterwright.cce.inside.websocket.ANSWER_SECONDS", 0.1)

    with pytest.raises(Refused) as refused:
        async with host.connected("silent"):
            pass

    assert (refused.value.code, refused.value.json["kind"]) == (503, "Status")


async def test_one_user_has_so_many(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "MOST_STREAMS", 1)
    await until_async("a connection stays", lambda: not host.behind.visits)

    async with host.connected("echo"):
        with pytest.raises(Refused) as refused:
            async with host.connected("echo"):
                pass
    assert refused.value.code == 503
    await until_async("a connection stays", lambda: not host.behind.visits)
    async with host.connected("echo"):
        pass


async def test_the_end_of_the_token_is_the_end(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "CONFIRMING_SECONDS", 0.1)
    token = await sign_in(host.cloud.client, host.cloud.account)

    async with host.connected("echo", headers=host.headers | {"X-Auth-Token": token}) as client:
        await asyncio.sleep(0.3)
        await client.send(b"still")
        assert await client.receive() == b"still"
        await host.cloud.call(
            "DELETE", "/v3/auth/tokens", expect=204, headers={"X-Subject-Token": token}
        )
        code, reason = await client.ended()

    assert (code, reason) == (1008, "The caller's credentials have ended.")


async def test_the_end_of_the_key_is_the_end(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "CONFIRMING_SECONDS", 0.1)
    account = host.cloud.account
    made = await key(host.cloud, account["user_id"])
    path = "/api/v1/namespaces/default/pods/echo/attach"
    named = {"X-Cluster-ID": host.uid, "X-Project-Id": account["project_id"]}
    signed = iam_server.signed((made["access"], made["secret"]), "GET", path, named)

    async with websockets.connected(host.port, path, V5, headers=signed) as client:
        await asyncio.sleep(0.3)
        await client.send(b"still")
        assert await client.receive() == b"still"
        await host.cloud.call("DELETE", f"{KEYS}/{made['access']}", expect=204)

        assert (await client.ended())[0] == 1008


async def test_spdy_is_refused_by_a_status_that_says_what_to_use(host: Host) -> None:
    headers = {
        "Host": f"{host.uid}.cce.example.test",
        "Upgrade": "SPDY/3.1",
        "Connection": "Upgrade",
    }
    path = "/api/v1/namespaces/default/pods/{}/exec?command=sh"

    refused = await host.cloud.client.post(path.format("echo"), headers=headers)
    missing = await host.cloud.client.post(path.format("missing"), headers=headers)

    assert (refused.status_code, refused.json()["kind"]) == (501, "Status")
    assert "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true" in refused.json()["message"]
    assert missing.status_code == 404


async def test_an_orderly_stop_ends_them_at_once(host: Host) -> None:
    """The last test of this file: nobody is served afterwards."""
    async with host.connected("echo") as client, followed(host, {}) as pieces:
        assert await anext(pieces) == "line\n"
        assert isinstance(host.cloud.app, Edge)
        host.cloud.app.stop()

        assert await client.ended() == (1001, "The server stops.")
        assert [piece async for piece in pieces] == []
        with pytest.raises(Refused) as refused:
            async with host.connected("echo"):
                pass
    begun = time.monotonic()
    await host.listener.stop(30, asyncio.Event())

    assert refused.value.code == 503
    assert time.monotonic() - begun < 15
