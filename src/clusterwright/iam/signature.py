"""Request signatures: the algorithms of the official SDKs, as pure functions of bytes on the wire.

Path, query and headers must be raw: a framework's normalised path is not what the client signed.
Header values need no decoding, because clients sign the UTF-8 bytes that they send (API reference,
1.5 and 1.6).
"""

import hashlib
import hmac
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import NamedTuple
from urllib.parse import quote_from_bytes, quote_plus, unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SM3, Hash
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAX_SKEW = 15 * 60 * 1_000_000_000
"""Nanoseconds that X-Sdk-Date may differ from the server's clock."""
UNSIGNED = b"UNSIGNED-PAYLOAD"

_DATE = "%Y%m%dT%H%M%SZ"
_FIELDS = re.compile(
    r"(?:Access=(?P<access>[^,/]{1,128})|Credential=(?P<credential>[^,/]{1,128})/(?P<info>[^,]{1,256})),"
    r" *SignedHeaders=(?P<headers>[^,]+), *Signature=(?P<signature>[0-9a-f]+)"
)
_SCOPE = re.compile(r"\d{8}/[^/]*/[^/]*/sdk_request", re.ASCII).fullmatch
PLAIN = (string.ascii_letters + string.digits + "-._~/").encode()
"""Characters of a path that nobody needs to escape."""
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class SignatureError(ValueError):
    """The request is not signed as it must be. The text says why and holds no secret."""


class Claim(NamedTuple):
    """What an Authorization header claims."""

    algorithm: str
    access_key: str
    signed_headers: str
    signature: str
    info: str = ""
    """The scope of a derived key, ``date/region/service``; ``/sdk_request`` follows if the key is
    derived in steps. Empty in other algorithms.
    """


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How one algorithm hashes and how it checks a signature over the string to sign."""

    digest: Callable[[bytes], str]
    content_header: bytes
    matches: Callable[[Claim, bytes, bytes], bool]
    derived: bool = False
    in_steps: bool = False
    """Whether the key is derived in steps, and the query written in the way that goes with it."""


def parse(authorization: str) -> Claim:
    """Read an Authorization header. Raises SignatureError."""
    name, _, fields = authorization.partition(" ")
    algorithm = ALGORITHMS.get(name)
    if algorithm is None:
        raise SignatureError(f"the algorithm is not supported, use one of {', '.join(ALGORITHMS)}")
    found = _FIELDS.fullmatch(fields)
    if found is None:
        raise SignatureError("the Authorization header is malformed")
    access, credential, info, headers, signature = found.groups()
    claim = Claim(name, access or credential, headers, signature, info or "")
    algorithm = _algorithm(claim)
    is_scope = _SCOPE(claim.info) is not None if algorithm.in_steps else bool(claim.info)
    if is_scope != algorithm.derived:
        raise SignatureError("the Authorization header is malformed")
    return claim


def _algorithm(claim: Claim) -> Algorithm:
    """What the claim's name stands for: one name has two forms, and a scope tells them apart."""
    if claim.info and claim.algorithm == _TWO_FORMS:
        return _IN_STEPS
    return ALGORITHMS[claim.algorithm]


def verify(
    claim: Claim,
    secret_key: str,
    *,
    method: str,
    path: bytes,
    query: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    body: bytes,
    now: int,
) -> None:
    """Make sure that who made the claim holds the secret key. Raises SignatureError."""
    algorithm = _algorithm(claim)
    sent = _joined(headers)
    date = sent.get(b"x-sdk-date", b"")
    _check_date(date, now)
    if algorithm.in_steps and not date.startswith(claim.info.partition("/")[0].encode("latin-1")):
        raise SignatureError("the date in the credential is not that of the header x-sdk-date")
    in_body = algorithm.in_steps and method.upper() == "POST" and not body
    signed = claim.signed_headers.encode("latin-1")
    request = b"\n".join(
        (
            method.upper().encode(),
            _canonical_path(path),
            b"" if in_body else _canonical_query(query, as_in_steps=algorithm.in_steps),
            *_canonical_headers(signed, sent, squeeze=algorithm.in_steps),
            b"",
            signed,
            b"",
        )
    )
    scope = f"{claim.info}\n" if algorithm.derived else ""
    prefix = f"{claim.algorithm}\n{date.decode('latin-1')}\n{scope}"
    secret = secret_key.encode()
    declared = sent.get(algorithm.content_header, b"")
    if declared == UNSIGNED and body and not _is_upload(sent.get(b"content-type", b"")):
        raise SignatureError(
            f"{UNSIGNED.decode()} is for bodies that are not JSON: sign the hash of this one"
        )
    payloads = _payloads(algorithm, declared, _form(query) if in_body else body)
    for payload in payloads:
        to_sign = (prefix + algorithm.digest(request + payload)).encode("latin-1")
        if algorithm.matches(claim, secret, to_sign):
            return
    raise SignatureError("verify aksk signature fail")


def _joined(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name. Repeated ones count together: nobody can add a value to a signed one."""
    sent = dict(headers)
    if len(sent) < len(headers):
        sent.clear()
        for name, value in headers:
            sent[name] = sent[name] + b"," + value if name in sent else value
    return sent


def is_recent(date: bytes, now: int) -> bool:
    """Whether a date that was signed is near enough to the present, in nanoseconds since 1970."""
    signed = _moment(date)
    return signed is not None and abs(signed - now) <= MAX_SKEW


@lru_cache(maxsize=4096)
def _moment(date: bytes) -> float | None:
    try:
        signed = datetime.fromisoformat(date.decode("latin-1"))
        # Clients send one form; others that Python reads may lack a time zone.
        return signed.timestamp() * 1e9 if signed.tzinfo else None
    except ValueError:
        return None


def _check_date(date: bytes, now: int) -> None:
    if is_recent(date, now):
        return
    if _moment(date) is None:
        raise SignatureError("the header x-sdk-date must be a UTC time such as 20260102T030405Z")
    here = datetime.fromtimestamp(now // 1_000_000_000, UTC).strftime(_DATE)
    raise SignatureError(
        "calc aksk signature fail:signature expired,"
        f" signature time:{date.decode('latin-1')},server time:{here}"
    )


def _canonical_path(path: bytes) -> bytes:
    if path.translate(None, PLAIN):
        path = quote_from_bytes(unquote_to_bytes(path), safe="/~").encode()
    return path if path.endswith(b"/") else path + b"/"


def _pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    parts = (part.partition(b"=") for part in query.replace(b"+", b" ").split(b"&") if part)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in parts]


def _canonical_query(query: bytes, *, as_in_steps: bool) -> bytes:
    if not query:
        return b""
    pairs = _pairs(query)
    if as_in_steps:
        first = dict(reversed(pairs))  # of a repeated name only the first value is signed
        pairs = sorted(first.items(), key=lambda pair: pair[0].lower())
    else:
        pairs.sort()
    return "&".join(
        f"{quote_from_bytes(n, '~')}={quote_from_bytes(v, '~')}" for n, v in pairs
    ).encode()


def _form(query: bytes) -> bytes:
    """A query as a form: what stands for the body of a POST that has none."""
    pairs = sorted(_pairs(query), key=lambda pair: pair[0])
    return "&".join(f"{quote_plus(n)}={quote_plus(v)}" for n, v in pairs).encode()


def _canonical_headers(signed: bytes, sent: dict[bytes, bytes], *, squeeze: bool) -> list[bytes]:
    names = signed.split(b";")
    # A long header that is named a thousand times would be hashed a thousand times.
    if len(set(names)) < len(names):
        raise SignatureError("SignedHeaders names a header twice")
    try:
        if squeeze:
            return [name + b":" + b" ".join(sent[name].split()) for name in names]
        return [name + b":" + sent[name].strip() for name in names]
    except KeyError as error:
        missing = error.args[0].decode("latin-1")
        raise SignatureError(f"the signed header {missing} is missing") from None


def _is_upload(content_type: bytes) -> bool:
    """Whether a body is of a kind that the official SDKs leave unsigned, such as a chart."""
    kind = content_type.partition(b";")[0].strip().lower()
    return bool(kind) and not kind.startswith((b"application/json", b"application/bson"))


def _payloads(algorithm: Algorithm, declared: bytes, body: bytes) -> tuple[bytes, ...]:
    """The texts that may stand for the body.

    A declared hash is never believed: it must be the body's own. For an empty body the Python SDK
    signs the hash of nothing, whatever it declares (reference 1.5).
    """
    if declared == UNSIGNED and body:
        return (UNSIGNED,)
    actual = algorithm.digest(body).encode() if body else _of_nothing(algorithm.digest)
    return (UNSIGNED, actual) if declared == UNSIGNED else (actual,)


@cache
def _of_nothing(digest: Callable[[bytes], str]) -> bytes:
    return digest(b"").encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sm3(data: bytes) -> str:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize().hex()


@lru_cache(maxsize=4096)
def begun(secret: bytes) -> hmac.HMAC:
    """A MAC that has taken in its key, which is half of the work; to be copied."""
    return hmac.new(secret, digestmod="sha256")


def _hmac_sha256(claim: Claim, secret: bytes, to_sign: bytes) -> bool:
    mac = begun(secret).copy()
    mac.update(to_sign)
    return hmac.compare_digest(mac.hexdigest(), claim.signature)


def _hmac_sm3(claim: Claim, secret: bytes, to_sign: bytes) -> bool:
    expected = HMAC(secret, SM3())
    expected.update(to_sign)
    return hmac.compare_digest(expected.finalize().hex(), claim.signature)


def _derived_hmac_sha256(claim: Claim, secret: bytes, to_sign: bytes) -> bool:
    derived = HKDF(SHA256(), 32, claim.access_key.encode(), claim.info.encode()).derive(secret)
    # The key is the hexadecimal text, not the bytes (reference 1.6).
    return _hmac_sha256(claim, derived.hex().encode(), to_sign)


def _stepwise_hmac_sha256(claim: Claim, secret: bytes, to_sign: bytes) -> bool:
    key = b"SDK" + secret
    for part in claim.info.encode("latin-1").split(b"/"):
        key = hmac.digest(key, part, "sha256")
    return _hmac_sha256(claim, key, to_sign)


def _ecdsa_p256(claim: Claim, secret: bytes, to_sign: bytes) -> bool:
    try:
        _p256_key(claim, secret).verify(bytes.fromhex(claim.signature), to_sign, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _p256_key(claim: Claim, secret: bytes) -> ec.EllipticCurvePublicKey:
    """The public half of the key pair that both sides derive from the secret (reference 1.6)."""
    for counter in range(255):
        context = claim.access_key.encode() + bytes([counter])
        seed = b"\0\0\0\1" + claim.algorithm.encode() + b"\0" + context + b"\0\0\1\0"
        candidate = int.from_bytes(hmac.digest(secret, seed, "sha256"), "big")
        if candidate <= _P256_ORDER - 2:
            return ec.derive_private_key(candidate + 1, ec.SECP256R1()).public_key()
    raise SignatureError("no key can be derived from this access key")


ALGORITHMS = {
    "SDK-HMAC-SHA256": Algorithm(_sha256, b"x-sdk-content-sha256", _hmac_sha256),
    "SDK-HMAC-SM3": Algorithm(_sm3, b"x-sdk-content-sm3", _hmac_sm3),
    "SDK-ECDSA-P256-SHA256": Algorithm(_sha256, b"x-sdk-content-sha256", _ecdsa_p256),
    "V11-HMAC-SHA256": Algorithm(
        _sha256, b"x-sdk-content-sha256", _derived_hmac_sha256, derived=True
    ),
}
"""Every algorithm that the server accepts. SDK-SM2-SM3 is not: no library of ours knows SM2."""

_TWO_FORMS = "SDK-HMAC-SHA256"
_IN_STEPS = Algorithm(
    _sha256, b"x-sdk-content-sha256", _stepwise_hmac_sha256, derived=True, in_steps=True
)
"""What ``SDK-HMAC-SHA256`` means with a scope: the OpenTelekomCloud library's way (API reference,
1.6).
"""
