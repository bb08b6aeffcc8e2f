"""Promises about errors, settings, files and start-up that no single module can keep."""

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import clusterwright
from clusterwright import errors
from clusterwright.errors import CATALOGUE, ErrorCode
from clusterwright.settings import Settings

SOURCE = Path(clusterwright.__file__).parent
LONG_FILES: dict[str, str] = {}
"""Files over 400 lines, each with the reason why it is one thing."""

HEAVY = ("fastapi", "sqlalchemy", "dbos", "granian", "asyncpg", "alembic", "cryptography")


@pytest.mark.parametrize("detail", ["", "Choose another name."])
@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_every_error_has_a_code_and_a_text_in_every_dialect(entry: ErrorCode, detail: str) -> None:
    body = errors.body(entry, detail, "f" * 32)

    assert 400 <= entry.status < 600
    assert body["error_code"] == entry.cm_code
    assert body["error_msg"]
    assert body["request_id"] == "f" * 32
    if detail:
        assert detail in str(body)
    if entry.code.startswith("CCE."):
        assert body["code"] == entry.status
        assert body["errorCode"] == entry.code
        assert body["errorMessage"]
        assert body["reason"] != "Unknown"
        assert entry.code.removeprefix("CCE.")[2:5] == str(entry.status)
    if entry.code.startswith("IAM."):
        assert body["error"]["code"] == entry.status
        assert body["error"]["message"]
        assert body["error"]["title"]


RULED = {
    "database": "postgresql://somebody@host.test:5433/name",
    "kubernetes_release_url": "http://kubernetes.example.test/releases",
    "etcd_release_url": "http://etcd.example.test/releases",
    "public_url": "https://cce.example.test",
    "secret_key": "sixteen letters or more",
}
"""Values of settings that take no word at will."""


def another(name: str) -> Any:
    """A valid value of a setting that is not its default."""
    if name in RULED:
        return RULED[name]
    field = Settings.model_fields[name]
    if choices := get_args(field.annotation):
        return Path("another") if Path in choices else choices[-1]
    if isinstance(field.default, bool):
        return not field.default
    if isinstance(field.default, int | float):
        return field.default + 1
    return type(field.default)("another")


@pytest.mark.parametrize("field", Settings.model_fields.values(), ids=Settings.model_fields.keys())
def test_every_setting_has_a_default_and_one_line_of_text(field: FieldInfo) -> None:
    assert field.default is not PydanticUndefined
    assert field.description
    assert "\n" not in field.description


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_read_from_its_variable(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = another(name)
    monkeypatch.setenv(f"CLUSTERWRIGHT_{name.upper()}", str(value))

    assert getattr(Settings(), name) == value


def test_no_source_file_is_long_without_a_reason() -> None:
    lengths = {
        str(path.relative_to(SOURCE)): len(path.read_text().splitlines())
        for path in SOURCE.rglob("*.py")
    }

    too_long = {path for path, lines in lengths.items() if lines > 400}

    assert too_long == set(LONG_FILES)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["serve", "--help"]])
def test_help_is_shown_without_loading_the_server(arguments: list[str]) -> None:
    program = f"""
import sys
from clusterwright.__main__ import main
sys.argv = ["clusterwright", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stderr.splitlines()[-1:] == [""]
