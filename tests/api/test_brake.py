"""How long guessers have to wait, on a clock that only the test moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterwright.iam import brake
from clusterwright.iam.brake import Brake, Guesses, network_of


class Clock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_after_the_free_failures_each_doubles_the_wait_up_to_the_longest() -> None:
    slow = Brake(free=3, longest=5.0, clock=Clock())
    waits = []

    for _ in range(8):
        waits.append(slow.seconds(b"who"))
        slow.failed(b"who")

    assert waits == [0, 0, 0, 0, 1, 2, 4, 5]
    assert slow.seconds(b"another") == 0


@given(st.lists(st.floats(0, 2 * brake.QUIET_SECONDS), max_size=40))
def test_whoever_waits_as_long_as_told_may_try_and_never_waits_longer_than_the_longest(
    pauses: list[float],
) -> None:
    clock = Clock()
    slow = Brake(free=2, longest=60.0, clock=clock)

    for pause in pauses:
        slow.failed(b"who")
        clock.now += pause

        told = slow.seconds(b"who")
        assert 0 <= told <= 60.0
        clock.now += told
        assert slow.seconds(b"who") == pytest.approx(0, abs=1e-6)


def test_a_very_patient_guesser_still_waits_and_breaks_nothing() -> None:
    slow = Brake(free=0, longest=60.0, clock=Clock())

    for _ in range(5000):
        slow.failed(b"who")

    assert slow.seconds(b"who") == 60.0


def test_failures_are_forgotten_when_none_has_followed_for_a_while() -> None:
    clock = Clock()
    slow = Brake(free=1, longest=60.0, clock=clock)
    for _ in range(5):
        slow.failed(b"who")
    clock.now += brake.QUIET_SECONDS

    slow.failed(b"who")

    assert slow.seconds(b"who") == 0


def test_only_the_latest_names_are_remembered_however_many_there_are() -> None:
    slow = Brake(free=0, longest=60.0, clock=Clock())

    for name in range(brake.REMEMBERED + 100):
        slow.failed(b"%d" % name)

    remembered = [n for n in range(brake.REMEMBERED + 100) if slow.seconds(b"%d" % n)]
    assert remembered == list(range(100, brake.REMEMBERED + 100))


def test_nobody_far_away_locks_a_user_out_where_it_has_logged_in() -> None:
    guesses = Guesses(clock=Clock())
    guesses.succeeded("admin", "10.0.0.1")
    for last in range(100):
        guesses.failed("admin", f"10.0.1.{last}")

    elsewhere, here = (guesses.seconds("admin", f"10.0.0.{last}") for last in (2, 1))

    assert (elsewhere, here) == (60.0, 0)


def test_a_guesser_at_the_users_own_address_is_braked_all_the_same() -> None:
    guesses = Guesses(clock=Clock())
    guesses.succeeded("admin", "10.0.0.1")

    for _ in range(12):
        guesses.failed("admin", "10.0.0.1")

    assert guesses.seconds("admin", "10.0.0.1") == 2.0
    guesses.succeeded("admin", "10.0.0.1")
    assert guesses.seconds("admin", "10.0.0.1") == 0


def test_an_address_is_braked_whoever_it_asks_for_and_a_success_of_its_own_is_no_help() -> None:
    guesses = Guesses(clock=Clock())
    for user in range(60):
        guesses.failed(f"user {user}", "10.0.0.1")

    guesses.succeeded("its own", "10.0.0.1")

    assert guesses.seconds("somebody", "10.0.0.1") == 10.0
    assert guesses.seconds("somebody", "10.0.0.2") == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("a.socket", "a.socket"),
    ],
)
def test_an_address_counts_as_all_that_one_guesser_holds(address: str, network: str) -> None:
    assert network_of(address) == network
