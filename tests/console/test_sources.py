"""What the console is built of: pinned, its own, and built anew only when it has changed."""

import json
import re
from pathlib import Path

import pytest

from clusterwright.drivers import causes
from clusterwright.drivers.causes import Cause
from tools.console import build

ROOT = Path(__file__).parents[2]
PACKAGE = json.loads((ROOT / "console" / "package.json").read_text())
SOURCES = [
    path for path in sorted((ROOT / "console" / "src").rglob("*")) if path.suffix in (".ts", ".tsx")
]
_MOST_LINES = 450
_BANNED = {
    "dangerouslySetInnerHTML": "the policy forbids markup from text",
    "innerHTML": "the policy forbids markup from text",
    "setAttribute('style'": "the policy forbids inline styles",
    "EventSource(": "it cannot send a token",
    "randomUUID(": "it is missing where the page came over plain HTTP",
}
_FOREIGN = re.compile(r"['\"`](?:https?:)?//\w")


def test_every_version_is_pinned_and_locked() -> None:
    wanted = PACKAGE["dependencies"] | PACKAGE["devDependencies"]
    lock = json.loads((ROOT / "console" / "package-lock.json").read_text())["packages"]

    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_the_lock_names_no_place_to_load_from() -> None:
    assert '"resolved"' not in (ROOT / "console" / "package-lock.json").read_text()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_does_what_the_policy_or_plain_http_forbids(path: Path) -> None:
    text = path.read_text()

    assert [word for word in _BANNED if word in text] == []
    assert _FOREIGN.findall(text) == []
    assert len(text.splitlines()) <= _MOST_LINES


def test_a_token_is_kept_for_a_tab_and_no_longer() -> None:
    (keeper,) = (path for path in SOURCES if path.name == "session.ts")

    assert "localStorage" not in keeper.read_text()
    assert [path.name for path in SOURCES if "setItem(KEY, JSON" in path.read_text()] == [
        keeper.name
    ]


def test_every_cause_of_the_server_has_words_in_chinese() -> None:
    text = (ROOT / "console" / "src" / "i18n" / "zh-causes.ts").read_text()
    told = set(re.findall(r"^  '?([\w.]+)'?: \{", text, re.MULTILINE))
    known = {each.code for each in vars(causes).values() if isinstance(each, Cause)}
    faults = {f"{fault.code}.{blame}" for blame, fault in causes.FAULTS.items()}

    assert told == known | faults


def test_another_source_is_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "SOURCES", tmp_path / "console")
    monkeypatch.setattr(build, "BUILT", tmp_path / "built")
    (tmp_path / "console" / "src").mkdir(parents=True)
    source = tmp_path / "console" / "src" / "main.ts"
    source.write_text("1")
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / build.DIGEST).write_text(build.digest() + "\n")
    assert build.is_current()

    source.write_text("2")

    assert not build.is_current()


def test_what_is_installed_for_the_build_is_no_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "SOURCES", tmp_path)
    before = build.digest()

    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "react.js").write_text("1")

    assert build.digest() == before
