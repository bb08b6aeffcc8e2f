"""Goes on in the events of jobs from a position that is kept somewhere, page by page."""

from clusterwright.jobs import events
from clusterwright.jobs.events import Event
from clusterwright.jobs.positions import Position, Snapshot
from clusterwright.storage.database import Tx


async def after(
    tx: Tx, position: Position, now: Snapshot, *, project_id: str = "", limit: int
) -> list[tuple[Event, Position]]:
    """The next events that ``now`` sees, and where each leads; none when all have been told.

    ``project_id`` leaves out those of other projects.
    """
    for before, upto, last in (
        (position.before, position.upto, position.last),
        (position.upto, now, 0),
    ):
        if before == upto:
            continue
        page = await events.between(tx, before, upto, project_id=project_id, last=last, limit=limit)
        if page:
            told = [(event, Position(before, upto, event.id)) for event in page]
            if len(page) < limit:
                told[-1] = (page[-1], Position.after(upto))
            return told
    return []


async def here(tx: Tx, position: Position) -> Position:
    """A position that was kept, or behind everything where it was kept in another database.

    A dump that is restored elsewhere tells of transactions that are still to come there, and
    nothing would happen until then (docs/decisions/0017). It must have been read in an earlier
    statement of ``tx``.
    """
    now = await events.now(tx)
    is_ours = tx.is_sqlite or position.upto.most <= now.most
    return position if is_ours else Position.after(now)
