"""The generated pages are as the code would write them today."""

from docs import generate


def test_the_generated_pages_are_current() -> None:
    difference = "".join(generate.outdated())

    assert not difference, f"Run make docs.\n{difference[:4000]}"


def test_every_official_operation_has_a_route() -> None:
    known = generate.served() | generate.refused()

    missing = [each.name for each in generate.official() if each.shape not in known]

    assert missing == []
