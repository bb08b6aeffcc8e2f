"""The quick look at signatures accepts no more than the thorough one, and knows the usual ones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import DerivationAKSKSigner, Signer, SM3Signer
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clusterwright.iam import plain_signature, signature
from clusterwright.iam.signature import SignatureError

AK = "EXAMPLEAK0000000000X"
SK = "ExampleSecretKey0000000000000000000000Y"
SIGNED_AT = "20260102T030405Z"
NOW = int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()) * 1_000_000_000
PATH = "/api/v3/projects/42/jobs/ab-c"
Headers = dict[bytes, bytes]

names = st.from_regex(r"\AX-[A-Z%!][a-z]{1,8}\Z").filter(lambda name: "sdk" not in name.lower())
values = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=12)


def signed(path: str = PATH, headers: dict[str, str] | None = None) -> tuple[bytes, Headers]:
    """The Authorization of a GET by the official signer, and its other headers."""
    sent = {"X-Sdk-Date": SIGNED_AT} | (headers or {})
    request = SdkRequest("GET", "https", "cce.example.test", path, path, [], sent, "")
    found = Signer(BasicCredentials(AK, SK)).sign(request).header_params
    authorization = found.pop("Authorization").encode()
    return authorization, {n.lower().encode(): v.encode("latin-1") for n, v in found.items()}


def quick(authorization: bytes, path: str, headers: Headers, **other: Any) -> bool:
    sent = plain_signature.read(authorization)
    wanted: dict[str, Any] = {"secret_key": SK, "now": NOW} | other
    return sent is not None and plain_signature.is_right(
        sent, path=path.encode(), headers=headers, **wanted
    )


def thorough(authorization: bytes, path: str, headers: Headers, **other: Any) -> bool:
    wanted: dict[str, Any] = {"secret_key": SK, "now": NOW, "method": "GET"} | other
    try:
        claim = signature.parse(authorization.decode("latin-1"))
        signature.verify(
            claim, path=path.encode(), query=b"", headers=list(headers.items()), body=b"", **wanted
        )
    except SignatureError:
        return False
    return True


@settings(max_examples=60, deadline=None)
@given(headers=st.dictionaries(names, values.map(str.strip), max_size=3))
def test_it_knows_what_the_official_signer_signs(headers: dict[str, str]) -> None:
    authorization, sent = signed(headers=headers)

    found = quick(authorization, PATH, sent)

    assert found or b"%" in authorization
    assert thorough(authorization, PATH, sent)


@settings(max_examples=300, deadline=None)
@given(
    path=st.text("ab/-._~%2F ", max_size=12).map(lambda text: f"/{text}"),
    headers=st.dictionaries(names, values, max_size=3),
    part=st.sampled_from(["authorization", "path", "a header", "nothing"]),
    place=st.integers(0, 300),
    other=st.sampled_from(["a", "0", " ", ",", ";", "=", "%", ""]),
)
@example(path=PATH, headers={}, part="nothing", place=0, other="")
def test_it_accepts_nothing_that_would_be_refused(
    path: str, headers: dict[str, str], part: str, place: int, other: str
) -> None:
    authorization, sent = signed(path, headers)

    def changed(text: bytes) -> bytes:
        at = place % (len(text) + 1)
        return text[:at] + other.encode() + text[at + 1 :]

    if part == "authorization":
        authorization = changed(authorization)
    elif part == "path":
        path = changed(path.encode()).decode()
    elif part == "a header":
        name = list(sent)[place % len(sent)]
        sent[name] = changed(sent[name])

    assert not quick(authorization, path, sent) or thorough(authorization, path, sent)


@pytest.mark.parametrize(
    "change",
    [
        {"secret_key": f"{SK}x"},
        {"now": NOW + signature.MAX_SKEW + 1_000_000_000},
        {"now": NOW - signature.MAX_SKEW - 1_000_000_000},
    ],
)
def test_another_key_and_another_time_are_refused(change: dict[str, Any]) -> None:
    authorization, sent = signed()

    assert quick(authorization, PATH, sent)
    assert not quick(authorization, PATH, sent, **change)


def test_other_algorithms_and_declared_bodies_are_left_to_the_thorough_one() -> None:
    declared, sent = signed(headers={"X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"})
    credentials = BasicCredentials(AK, SK)
    request = SdkRequest("GET", "https", "cce.example.test", PATH, PATH, [], {}, "")
    others = [
        SM3Signer(credentials).sign(request).header_params["Authorization"],
        DerivationAKSKSigner(credentials)
        .sign(request, "cce", "region-1")
        .header_params["Authorization"],
        "Bearer x",
        "",
        f"SDK-HMAC-SHA256 Access={'x' * 2000}, SignedHeaders=host, Signature=00",
    ]

    assert [plain_signature.read(other.encode()) for other in others] == [None] * 5
    assert not quick(declared, PATH, sent)
    assert thorough(declared, PATH, sent)
