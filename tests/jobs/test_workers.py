"""Who is gone is decided by watching: counters that stand still, never clocks that are compared."""

from clusterwright.jobs.workers import DEAD_AFTER, FROZEN_AFTER, Sign, Watch


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def looks(*signs: Sign, seconds: float, watch: Watch, clock: Clock) -> list[str]:
    """What the watch says when these signs are seen twice, with so many seconds between."""
    watch.gone(list(signs))
    clock.now += seconds
    return watch.gone(list(signs))


def test_a_worker_without_sessions_that_does_not_beat_is_gone_after_some_seconds() -> None:
    clock = Clock()
    watch, dead = Watch(clock), Sign("dead", 7, connected=False)

    assert looks(dead, seconds=DEAD_AFTER - 0.1, watch=watch, clock=clock) == []
    clock.now += 0.1
    assert watch.gone([dead]) == ["dead"]


def test_a_worker_with_sessions_that_does_not_beat_is_frozen() -> None:
    clock = Clock()
    watch, frozen = Watch(clock), Sign("frozen", 7, connected=True)

    assert looks(frozen, seconds=FROZEN_AFTER - 0.1, watch=watch, clock=clock) == []
    clock.now += 0.1
    assert watch.gone([frozen]) == ["frozen"]


def test_a_worker_that_beats_is_never_gone_with_or_without_sessions() -> None:
    clock = Clock()
    watch = Watch(clock)

    for beats in range(50):
        clock.now += DEAD_AFTER - 0.1
        assert watch.gone([Sign("busy", beats, connected=bool(beats % 2))]) == []


def test_a_worker_that_has_said_goodbye_is_gone_at_once() -> None:
    assert Watch().gone([Sign("ended", None, connected=False)]) == ["ended"]


def test_a_worker_of_a_release_without_beats_is_not_gone_while_it_is_connected() -> None:
    clock = Clock()
    older = Sign("older", None, connected=True)

    assert looks(older, seconds=10 * FROZEN_AFTER, watch=Watch(clock), clock=clock) == []


def test_what_was_not_seen_during_an_outage_is_held_against_nobody() -> None:
    clock = Clock()
    watch, sign = Watch(clock), Sign("other", 7, connected=False)

    watch.gone([sign])
    clock.now += 10 * FROZEN_AFTER
    watch.forget()

    assert watch.gone([sign]) == []
