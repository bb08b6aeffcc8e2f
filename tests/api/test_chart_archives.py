"""What is in a packaged chart: strangers send them, so nothing in one is believed."""

import gzip
import io
import json
import tarfile
import time
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterwright.cce.charts import archive
from clusterwright.document import Malformed
from tests import packages
from tests.packages import described, files, other, packed, plain


def refusal(content: bytes, **options: Any) -> str:
    """What is said of an archive that is not taken."""
    with pytest.raises(Malformed) as refused:
        archive.read(content, **options)
    assert refused.value.field.startswith("content")
    return str(refused.value)


def bomb() -> bytes:
    """An archive of some kilobytes that unpacks to a gibibyte."""
    entry = tarfile.TarInfo("demo/templates/zeros")
    entry.size = 1 << 30
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9) as file:
        file.write(entry.tobuf())
        for _ in range(64):
            file.write(b"\0" * (1 << 20))
    return raw.getvalue()


def with_values(text: str) -> bytes:
    return packed(files() | {"values.yaml": text})


def with_metadata(text: str) -> bytes:
    return packed(files() | {"Chart.yaml": text})


def test_a_chart_tells_of_itself() -> None:
    told = archive.read(packages.chart("web", "1.2.3-rc.1+build", description="Serves."))

    assert (told.name, told.version, told.description) == ("web", "1.2.3-rc.1+build", "Serves.")
    assert json.loads(told.values) == {"greeting": "hello", "basic": {"image": "nginx"}}
    assert told.has_readme


ENTRIES = {
    "a link": other("demo/templates/x", tarfile.SYMTYPE, "/etc/passwd"),
    "a link to a file of its own": other("demo/x", tarfile.LNKTYPE, "demo/Chart.yaml"),
    "a device": other("demo/x", tarfile.CHRTYPE),
    "a pipe": other("demo/x", tarfile.FIFOTYPE),
    "a path that leads out": plain("demo/../../x", ""),
    "a folder that leads out": other("demo/../..", tarfile.DIRTYPE),
    "an absolute path": plain("/etc/cron.d/x", ""),
    "a path of another system": plain("demo\\..\\x", ""),
    "a path with a line feed": plain("demo/a\nb", ""),
    "a path without end": plain("demo/" + "a" * 300, ""),
    "a file beside the folder": plain("x", ""),
    "a second folder": plain("other/x", ""),
    "a file twice": plain("demo/./Chart.yaml", "name: other"),
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())
def test_no_chart_has(entry: tuple[tarfile.TarInfo, bytes]) -> None:
    good = [plain(f"demo/{path}", content) for path, content in files().items()]

    refusal(packages.archive([*good, entry]))
    refusal(packages.archive([entry, *good]), lint=False)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    content = bomb()
    assert len(content) < 100_000
    tracemalloc.start()
    began = time.thread_time()

    said = refusal(content)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "more than" in said
    assert most < 8 << 20
    assert time.thread_time() - began < 5


def test_entries_without_end_are_refused() -> None:
    many = (plain(f"demo/files/{number}", "") for number in range(archive.MOST_ENTRIES + 1))

    assert "entries" in refusal(packages.archive(many))


def test_what_no_chart_can_do_without() -> None:
    for path in ("Chart.yaml", "values.yaml", "templates/configmap.yaml"):
        fewer = {name: content for name, content in files().items() if name != path}
        assert path.split("/")[0] in refusal(packed(fewer))
    bare = archive.read(packed({"Chart.yaml": described()}), lint=False)
    assert json.loads(bare.values) == {}
    assert archive.read(packed({"Chart.yaml": described(type="library")})).is_library


METADATA = {
    "no name": ("apiVersion: v2\nversion: 1.0.0\n", "name"),
    "a name that is a path": (described("../x"), "name"),
    "a name that is too long": (described("x" * 65), "name"),
    "a number for a version": ("apiVersion: v2\nname: demo\nversion: 1.0\n", "version"),
    "a version of one number": (described(version="1"), "version"),
    "a version with a path": (described(version="1.0.0-../x"), "version"),
    "an unknown format": (described(apiVersion="v3"), "apiVersion"),
    "an unknown type": (described(type="operator"), "type"),
    "a description that is a list": (described(description=["x"]), "description"),
    "a description without end": (described(description="x" * 5000), "description"),
    "a list": ("[]", "Chart.yaml"),
    "no YAML": ("a: b: c", "Chart.yaml"),
    "a control character": (described(description="a\x01b"), "Chart.yaml"),
    "an object of Python": ("!!python/object/apply:os.system [id]", "Chart.yaml"),
}


@pytest.mark.parametrize(("text", "field"), METADATA.values(), ids=METADATA.keys())
def test_metadata_is_refused_by_its_field(text: str, field: str) -> None:
    assert field in refusal(with_metadata(text))


VALUES = {
    "a list": "[1]",
    "an infinity": "a: .inf",
    "binary data": "a: !!binary aGVsbG8=",
    "laughs by the billion": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)),
    "merged laughs by the million": "a0: &a0 {b: c, d: e}\n"
    + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 7)),
    "an alias of itself": "a: &a [*a]",
    "depth": "a: " + "[" * 5000 + "]" * 5000,
    "depth by indentation": "".join(" " * n + "a:\n" for n in range(500)),
    "too much of it": "a: " + "x" * (600 * 1024),
    "more JSON than is kept": "a: " + "x" * (200 * 1024),
    "a number over 64 bits": f"a: {2**70}",
    "a number without end": f"a: {'9' * 5000}",
    "a hexadecimal number without end": f"a: 0x{'f' * 5000}",
    "an octal number without end": f"a: 0{'7' * 6000}",
    "a binary number without end": f"a: !!int 0b{'1' * 20000}",
    "a number of base 60 without end": f"a: !!int 1{':1' * 200_000}",
    "a fraction of base 60 without end": f"a: !!float 1{':1' * 200_000}.5",
    "a key that is a number without end": f"? 0x{'f' * 5000}\n: b",
    "an empty number": "a: !!int ''",
    "an empty fraction": "a: !!float ''",
    "a truth that is none": "a: !!bool maybe",
    "a time that is none": "a: !!timestamp tomorrow",
    "a time of no text": "a: !!timestamp {=: b}",
    "a time": "a: !!timestamp 2026-01-02",
    "a set": "a: !!set {b, c}",
    "pairs": "a: !!pairs [b: c]",
    "a key that is a list": "? [a]\n: b",
    "two documents": "a: b\n---\na: c",
}


@pytest.mark.parametrize("text", VALUES.values(), ids=VALUES.keys())
def test_no_values_are(text: str) -> None:
    began = time.thread_time()

    said = refusal(with_values(text))

    assert "values.yaml" in said
    assert time.thread_time() - began < 2


@pytest.mark.parametrize("number", ["0x" + "f" * 5000, "9" * 5000, f"-{2**70}"])
def test_a_number_that_is_too_large_is_refused_by_its_line(number: str) -> None:
    said = refusal(with_values(f"a: 1\nb: [{number}]"))

    assert said == "content.values.yaml: Line 2: The number does not fit 64 bits."


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-02", "2026-01-02"),
        ("12:30:45", "12:30:45"),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("-12", -12),
        (f"{2**63 - 1}", 2**63 - 1),
        ("1.5", 1.5),
        ("yes", True),
        ("null", None),
        ("1.2.3", "1.2.3"),
        ("-", None),
        ('"01"', "01"),
        ("&x {b: 1}", {"b": 1}),
    ],
)
def test_values_read_as_helm_reads_them(text: str, value: Any) -> None:
    if text == "-":
        text = ""

    assert json.loads(archive.read(with_values(f"a: {text}")).values) == {"a": value}


def test_what_is_no_archive_is_refused() -> None:
    good = packages.chart()

    for content in (
        b"",
        b"PK\x03\x04",
        good[: len(good) // 2],
        good[:-1],
        gzip.compress(b"x" * 700),
    ):
        refusal(content)


@given(st.binary(max_size=2000), st.integers(0, 400), st.integers(1, 8))
def test_damage_is_a_refusal_or_nothing(noise: bytes, place: int, bits: int) -> None:
    good = gzip.decompress(packages.chart())
    damaged = good[:place] + noise + good[place + len(noise) :]

    for content in (gzip.compress(damaged), noise, gzip.compress(noise * bits)):
        with suppress(Malformed):
            archive.read(content)
