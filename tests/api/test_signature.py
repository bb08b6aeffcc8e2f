"""Signatures: published vectors, and the official Python SDK's own signer as the judge."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import (
    DerivationAKSKSigner,
    P256SHA256Signer,
    Signer,
    SM3Signer,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterwright.iam import signature
from clusterwright.iam.signature import SignatureError

AK = "EXAMPLEAK0000000000X"
SK = "ExampleSecretKey0000000000000000000000Y"
SIGNED_AT = "20260102T030405Z"
NOW = int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()) * 1_000_000_000
VECTORS = sorted((Path(__file__).parents[1] / "vectors" / "signatures").glob("*.json"))
Wire = dict[str, Any]


def accept(authorization: str, wire: Wire, *, now: int = NOW, secret_key: str = SK) -> None:
    signature.verify(signature.parse(authorization), secret_key, now=now, **wire)


def vector(path: Path) -> tuple[str, str, Wire]:
    case = json.loads(path.read_text())
    request = case["request"]
    wire = {
        "method": request["method"],
        "path": request["path"].encode(),
        "query": request["query"].encode(),
        "headers": [(n.encode(), v.encode()) for n, v in request["headers"].items()],
        "body": request["body"].encode(),
    }
    return case["authorization"], case["secret_key"], wire


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_published_signature_is_accepted(path: Path) -> None:
    authorization, secret_key, wire = vector(path)

    accept(authorization, wire, secret_key=secret_key)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_published_signature_is_refused_with_another_secret(path: Path) -> None:
    authorization, secret_key, wire = vector(path)

    with pytest.raises(SignatureError, match="verify aksk signature fail"):
        accept(authorization, wire, secret_key=secret_key + "x")


def sign_plainly(kind: type[Signer]) -> Callable[[SdkRequest], SdkRequest]:
    signer = kind(BasicCredentials(AK, SK))
    return lambda request: signer.sign(request)


def sign_derived(request: SdkRequest) -> SdkRequest:
    return DerivationAKSKSigner(BasicCredentials(AK, SK)).sign(request, "cce", "region-1")


def signed(
    sign: Callable[[SdkRequest], SdkRequest],
    *,
    method: str = "GET",
    path: str = "/api/v3/projects",
    query: list[tuple[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> tuple[str, Wire]:
    """What the official signer puts on the wire."""
    request = SdkRequest(
        method=method,
        schema="https",
        host="cce.example.test:8443",
        resource_path=path,
        query_params=query or [],
        header_params={"X-Sdk-Date": SIGNED_AT} | (headers or {}),
        body=body,
    )
    result = sign(request)
    target, _, query_string = result.uri.partition("?")
    wire = {
        "method": method,
        "path": target.encode(),
        "query": query_string.encode(),
        "headers": [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in result.header_params.items()
            if name != "Authorization"
        ],
        "body": body,
    }
    return result.header_params["Authorization"], wire


SIGNERS = [
    pytest.param(sign_plainly(Signer), id="SDK-HMAC-SHA256"),
    pytest.param(sign_plainly(SM3Signer), id="SDK-HMAC-SM3"),
    pytest.param(sign_plainly(P256SHA256Signer), id="SDK-ECDSA-P256-SHA256"),
    pytest.param(sign_derived, id="V11-HMAC-SHA256"),
]
words = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12)
segments = st.text("abcXYZ019-._~ %é/", min_size=1, max_size=12)
# Names that differ in letter case only would be one header on the wire, sent twice.
header_names = st.from_regex(r"\AX-[A-Z][a-z]{1,8}\Z").filter(lambda n: "sdk" not in n.lower())


def quoted(path: str) -> str:
    return "".join(c if (c.isalnum() and c.isascii()) or c in "-._~/" else _escape(c) for c in path)


def _escape(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


@pytest.mark.parametrize("sign", SIGNERS)
@settings(max_examples=40, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=segments.map(lambda text: quoted(f"/{text}")),
    query=st.lists(st.tuples(words, words), max_size=4),
    headers=st.dictionaries(header_names, words, max_size=3),
    body=st.binary(max_size=64),
)
def test_whatever_the_official_signer_signs_is_accepted(
    sign: Callable[[SdkRequest], SdkRequest],
    method: str,
    path: str,
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
) -> None:
    authorization, wire = signed(
        sign, method=method, path=path, query=query, headers=headers, body=body
    )

    accept(authorization, wire)


def flipped(text: bytes, position: int) -> bytes:
    """``text`` with one letter or digit changed into another."""
    place = position % len(text)
    other = b"b" if text[place : place + 1] == b"a" else b"a"
    return text[:place] + other + text[place + 1 :]


@pytest.mark.parametrize("sign", SIGNERS)
@settings(max_examples=25, deadline=None)
@given(
    part=st.sampled_from(["method", "path", "query", "body", "headers", "signature"]),
    position=st.integers(0, 200),
    body=st.binary(min_size=1, max_size=64),
)
def test_any_change_of_one_byte_is_refused(
    sign: Callable[[SdkRequest], SdkRequest], part: str, position: int, body: bytes
) -> None:
    authorization, wire = signed(
        sign,
        method="POST",
        path="/api/v3/projects/42",
        query=[("limit", "10")],
        headers={"Content-Type": "application/json", "X-Project-Id": "42"},
        body=body,
    )
    match part:
        case "method":
            wire["method"] = "PUT"
        case "headers":
            place = position % len(wire["headers"])
            name, value = wire["headers"][place]
            wire["headers"][place] = (name, flipped(value, position))
        case "signature":
            start, _, hexadecimal = authorization.rpartition("=")
            authorization = f"{start}={flipped(hexadecimal.encode(), position).decode()}"
        case _:
            wire[part] = flipped(wire[part], position)

    with pytest.raises(SignatureError):
        accept(authorization, wire)


def test_the_body_may_be_left_unsigned_where_the_official_signer_leaves_it() -> None:
    multipart = {"Content-Type": "multipart/form-data"}
    authorization, wire = signed(sign_plainly(Signer), headers=multipart, body=b"chart")

    accept(authorization, wire | {"body": b"another chart"})


class Careless(Signer):  # type: ignore[misc]  # the SDK has no types
    """A program that leaves every body unsigned, as the API's header allows it to ask."""

    @classmethod
    def _process_content_header(cls, request: SdkRequest) -> None:
        request.header_params["X-Sdk-Content-Sha256"] = "UNSIGNED-PAYLOAD"


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "application/json; charset=utf-8"}, {"Content-Type": "Application/JSON"}, {}],
)
def test_the_body_of_a_json_request_is_signed_or_refused(headers: dict[str, str]) -> None:
    authorization, wire = signed(sign_plainly(Careless), headers=headers, body=b"{}")

    with pytest.raises(SignatureError, match="sign the hash"):
        accept(authorization, wire)


def test_a_declared_hash_is_not_believed() -> None:
    declared = {"X-Sdk-Content-Sha256": "0" * 64}
    authorization, wire = signed(sign_plainly(Signer), headers=declared, body=b"{}")

    with pytest.raises(SignatureError):
        accept(authorization, wire)


def test_a_value_added_beside_a_signed_header_is_refused() -> None:
    authorization, wire = signed(sign_plainly(Signer), headers={"X-Project-Id": "42"})
    wire["headers"].append((b"x-project-id", b"43"))

    with pytest.raises(SignatureError):
        accept(authorization, wire)


@pytest.mark.parametrize("minutes", [-15, 15])
def test_a_clock_may_be_fifteen_minutes_off(minutes: int) -> None:
    authorization, wire = signed(sign_plainly(Signer))

    accept(authorization, wire, now=NOW + minutes * 60 * 1_000_000_000)


@pytest.mark.parametrize("seconds", [-901, 901])
def test_a_clock_more_than_fifteen_minutes_off_is_told_both_times(seconds: int) -> None:
    authorization, wire = signed(sign_plainly(Signer))

    with pytest.raises(
        SignatureError, match=rf"signature time:{SIGNED_AT},server time:202601\d\dT\d{{6}}Z"
    ):
        accept(authorization, wire, now=NOW + seconds * 1_000_000_000)


@pytest.mark.parametrize("date", ["", "yesterday", "20260102T030405", "20269999T030405Z"])
def test_a_date_that_is_none_is_refused(date: str) -> None:
    authorization, wire = signed(sign_plainly(Signer))
    wire["headers"] = [(n, date.encode() if n == b"x-sdk-date" else v) for n, v in wire["headers"]]

    with pytest.raises(SignatureError, match="x-sdk-date must be a UTC time"):
        accept(authorization, wire)


@pytest.mark.parametrize(
    "authorization",
    ["SDK-SM2-SM3 Access=a, SignedHeaders=host, Signature=00", "Basic YWRtaW46YWRtaW4=", ""],
)
def test_an_unknown_algorithm_is_told_the_known_ones(authorization: str) -> None:
    with pytest.raises(SignatureError, match=r"SDK-HMAC-SHA256.*V11-HMAC-SHA256"):
        signature.parse(authorization)


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "Access=a",
        "Access=a, SignedHeaders=host, Signature=XYZ",
        "Credential=a/20260102/region-1/cce, SignedHeaders=host, Signature=00",
        "Credential=a/today///sdk_request, SignedHeaders=host, Signature=00",
        "Access=a, Credential=a/20260102///sdk_request, SignedHeaders=host, Signature=00",
        "Access=, SignedHeaders=host, Signature=00",
    ],
)
def test_a_malformed_header_is_refused(fields: str) -> None:
    with pytest.raises(SignatureError, match="malformed"):
        signature.parse(f"SDK-HMAC-SHA256 {fields}")


def test_a_signed_header_that_was_not_sent_is_named() -> None:
    authorization, wire = signed(sign_plainly(Signer))
    wire["headers"] = [(n, v) for n, v in wire["headers"] if n != b"host"]

    with pytest.raises(SignatureError, match="signed header host is missing"):
        accept(authorization, wire)


def test_a_header_that_is_signed_twice_is_refused_before_it_is_hashed() -> None:
    authorization, wire = signed(sign_plainly(Signer))
    wire["headers"].append((b"x-long", b"a" * 30_000))
    often = authorization.replace("SignedHeaders=", "SignedHeaders=" + "x-long;" * 7_000)

    with pytest.raises(SignatureError, match="twice"):
        accept(often, wire)


def test_a_scope_of_another_day_is_refused() -> None:
    authorization, secret_key, wire = vector(
        next(path for path in VECTORS if path.stem == "scoped-hmac-sha256-get")
    )

    with pytest.raises(SignatureError, match="date in the credential"):
        accept(authorization.replace("/20260102/", "/20260103/"), wire, secret_key=secret_key)


@pytest.mark.parametrize("name", ["SDK-HMAC-SM3", "SDK-ECDSA-P256-SHA256"])
def test_other_algorithms_have_no_scope(name: str) -> None:
    fields = "Credential=a/20260102///sdk_request, SignedHeaders=host, Signature=00"

    with pytest.raises(SignatureError, match="malformed"):
        signature.parse(f"{name} {fields}")
