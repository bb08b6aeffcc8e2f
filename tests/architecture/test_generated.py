"""The generated pages are as the code would write them today."""

from docs import generate

NOT_ANSWERED: dict[str, str] = {}
"""The operations of the official SDK that this server refuses, and why. It stays empty."""


def test_the_generated_pages_are_current() -> None:
    difference = "".join(generate.outdated())

    assert not difference, f"Run make docs.\n{difference[:4000]}"


def test_every_official_operation_has_a_route() -> None:
    known = generate.served() | generate.refused()

    missing = [each.name for each in generate.official() if each.shape not in known]

    assert missing == []


def test_every_official_operation_is_answered_or_named_with_a_reason() -> None:
    answered = generate.served()

    missing = {each.name for each in generate.official() if each.shape not in answered}

    assert missing == NOT_ANSWERED.keys()
    assert all(NOT_ANSWERED.values())
