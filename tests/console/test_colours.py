"""The colours of the console can be read: contrasts as WCAG 2 counts them, in both themes."""

import re
from itertools import product
from pathlib import Path

import pytest

SHEET = Path(__file__).parents[2] / "console" / "src" / "styles" / "tokens.css"
_BLOCK = re.compile(r"^(:root[^{]*) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")

STATES = ("initializing", "running", "success", "failed", "warning", "cancelled")
GROUNDS = ("bg", "surface", "raised")
READABLE = 4.5
VISIBLE = 3.0


def themes() -> dict[str, dict[str, str]]:
    """The colours of each theme by name."""
    blocks = {head: dict(_COLOUR.findall(body)) for head, body in _BLOCK.findall(SHEET.read_text())}
    return {"light": blocks[":root"], "dark": blocks[":root[data-theme='dark']"]}


THEMES = themes()
both = pytest.mark.parametrize("theme", THEMES)


def luminance(colour: str) -> float:
    """How light a colour is, from 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@both
@pytest.mark.parametrize(
    ("text", "ground"), list(product(("text", "muted", "accent", *STATES), GROUNDS))
)
def test_every_text_can_be_read_on_every_ground(theme: str, text: str, ground: str) -> None:
    assert contrast(THEMES[theme][text], THEMES[theme][ground]) >= READABLE


@both
@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_read_on_its_chip(theme: str, state: str) -> None:
    assert contrast(THEMES[theme][state], THEMES[theme][f"{state}-bg"]) >= READABLE


@both
@pytest.mark.parametrize("ground", GROUNDS)
def test_every_control_has_an_edge_that_can_be_seen(theme: str, ground: str) -> None:
    assert contrast(THEMES[theme]["border"], THEMES[theme][ground]) >= VISIBLE


def test_the_dark_theme_is_the_same_whether_chosen_or_the_systems() -> None:
    system = SHEET.read_text().split("@media (prefers-color-scheme: dark)")[1].split("\n}\n")[0]

    assert dict(_COLOUR.findall(system)) == THEMES["dark"]
