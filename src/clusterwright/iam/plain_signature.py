"""The one kind of signature that nearly every read carries, checked in one pass.

``SDK-HMAC-SHA256`` over a GET without query and body. It says yes only where ``signature.verify``
would, and mostly where it would; whoever hears no asks there, for the reason and for all else.
"""

import hmac
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import Any, NamedTuple

from clusterwright.iam import signature
from clusterwright.iam.signature import SignatureError

_LONGEST = 1024
"""Bytes of a beginning that is worth keeping."""
_OTHER_BODIES = b"x-sdk-content-sha256"
_EMPTY = sha256(b"").hexdigest().encode()


class Form(NamedTuple):
    """What the signatures of one client have in common: all but their last field."""

    access_key: str
    values: Callable[[Mapping[bytes, bytes]], Any]
    """The values of the signed headers."""
    signed: bytes
    """What is signed besides the path: its blanks are those values."""


class Signed(NamedTuple):
    """A signature, and the form that its client gave it."""

    form: Form
    signature: bytes


def read(authorization: bytes) -> Signed | None:
    """What an Authorization header says, if it is of this kind."""
    begin, separator, found = authorization.rpartition(b"Signature=")
    if not separator or len(begin) > _LONGEST:
        return None
    form = _form(begin)
    return Signed(form, found) if form is not None else None


@lru_cache(maxsize=1024)
def _form(begin: bytes) -> Form | None:
    try:
        claim = signature.parse(f"{begin.decode('latin-1')}Signature=00")
    except SignatureError:
        return None
    signed = claim.signed_headers.encode("latin-1")
    names = signed.split(b";")
    if claim.algorithm != "SDK-HMAC-SHA256" or claim.info or b"%" in signed:
        return None
    blanks = b"".join(b"%b:%%b\n" % name for name in names)
    return Form(claim.access_key, itemgetter(*names), b"%b\n%b\n%b" % (blanks, signed, _EMPTY))


def is_right(
    sent: Signed, secret_key: str, *, path: bytes, headers: Mapping[bytes, bytes], now: int
) -> bool:
    """Whether a GET without query and body is certainly signed with this key."""
    form, found = sent
    try:
        date = headers[b"x-sdk-date"]
        signed = form.signed % form.values(headers)
    except KeyError:
        return False
    if not signature.is_recent(date, now) or _OTHER_BODIES in headers:
        return False
    if path[-1:] == b"/" or path.translate(None, signature.PLAIN):
        return False
    request = sha256(b"GET\n%b/\n\n%b" % (path, signed)).hexdigest()
    mac = signature.begun(secret_key.encode()).copy()
    mac.update(b"SDK-HMAC-SHA256\n%b\n%b" % (date, request.encode()))
    return hmac.compare_digest(mac.hexdigest().encode(), found)
