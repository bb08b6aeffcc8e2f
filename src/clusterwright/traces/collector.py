"""Where traces go, as the standard variables of OpenTelemetry tell it.

The protocol is OTLP over HTTP in JSON, which every collector takes on the port where it takes the
binary one. Headers may hold a secret: no text that is made here tells their values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from clusterwright.traces.spans import attributes

SERVICE = "clusterwright"
_TIMEOUT_MS = 10_000
_PREFIX = "OTEL_EXPORTER_OTLP_"


class CannotExport(Exception):
    """No trace can be sent; the text tells why and what to do."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Who takes traces, and how they are sent there."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    seconds: float
    """How long it may take to answer."""
    certificate: str
    """A file of authorities to trust; empty for those that everybody trusts."""
    resource: list[dict[str, Any]]
    """The attributes of the sender."""

    @property
    def place(self) -> str:
        """Where that is, without what may be secret in an address."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def trust(self) -> Any:
        """What an HTTP client is to trust. Raises OSError where the file cannot be read."""
        import ssl  # slow to load

        return ssl.create_default_context(cafile=self.certificate or None)


def is_wanted(variables: Mapping[str, str]) -> bool:
    """Whether a program that is not asked to is to send traces."""
    if variables.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if variables.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    return bool(_of(variables, "ENDPOINT"))


def collector(variables: Mapping[str, str]) -> Collector:
    """The collector that variables tell. Raises CannotExport."""
    return Collector(
        url=_endpoint(variables),
        headers={"Content-Type": "application/json", **_headers(variables)},
        seconds=_seconds(variables),
        certificate=_of(variables, "CERTIFICATE"),
        resource=resource(variables),
    )


def resource(variables: Mapping[str, str]) -> list[dict[str, Any]]:
    """The attributes of the sender."""
    named = {"service.name": SERVICE, **_pairs(variables.get("OTEL_RESOURCE_ATTRIBUTES", ""))}
    if service := variables.get("OTEL_SERVICE_NAME"):
        named["service.name"] = service
    return attributes(named)


def _of(variables: Mapping[str, str], name: str) -> str:
    """A setting of the exporter: that of traces, else that of all signals."""
    return variables.get(f"{_PREFIX}TRACES_{name}") or variables.get(f"{_PREFIX}{name}") or ""


def _endpoint(variables: Mapping[str, str]) -> str:
    protocol = _of(variables, "PROTOCOL")
    if protocol and not protocol.startswith("http/"):
        raise CannotExport(
            f"Only OTLP over HTTP is spoken here, and OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}."
            " Set it to http/json, and the endpoint to the collector's port for HTTP, often 4318."
        )
    if exact := variables.get(f"{_PREFIX}TRACES_ENDPOINT"):
        return _checked(exact)
    if base := variables.get(f"{_PREFIX}ENDPOINT"):
        return _checked(f"{base.rstrip('/')}/v1/traces")
    raise CannotExport("Set OTEL_EXPORTER_OTLP_ENDPOINT, for example to http://localhost:4318.")


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise CannotExport(
            "The endpoint cannot be reached: OTEL_EXPORTER_OTLP_ENDPOINT must begin with http:// or"
            " https:// and name a host."
        )
    return url


def _headers(variables: Mapping[str, str]) -> dict[str, str]:
    found = _pairs(_of(variables, "HEADERS"))
    for name, value in found.items():
        if not (name.isascii() and name.isprintable() and " " not in name):
            raise CannotExport("OTEL_EXPORTER_OTLP_HEADERS names a header that cannot be.")
        if not (value.isascii() and value.isprintable()):
            raise CannotExport(
                f"OTEL_EXPORTER_OTLP_HEADERS: the value of {name} may hold printable ASCII only."
            )
    return found


def _seconds(variables: Mapping[str, str]) -> float:
    text = _of(variables, "TIMEOUT") or str(_TIMEOUT_MS)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise CannotExport("OTEL_EXPORTER_OTLP_TIMEOUT must be a whole number of milliseconds.")
    return int(text) / 1000


def _pairs(text: str) -> dict[str, str]:
    """``a=1,b=2`` as the standard writes headers and attributes, with escapes as in URLs."""
    parts = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in parts}
