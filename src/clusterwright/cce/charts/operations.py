"""What can be done with charts: one transaction each, refusals from the catalogue."""

from dataclasses import dataclass, replace
from hashlib import sha256

from clusterwright import clock, errors, ids
from clusterwright.cce.charts import archive, store
from clusterwright.cce.charts.store import Chart, Kept
from clusterwright.cce.charts.wire import UploadParameters
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage import projects
from clusterwright.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An archive that was found to be a chart, and what was said of it."""

    content: bytes
    told: archive.Chart
    asked: UploadParameters


def read(content: bytes, asked: UploadParameters) -> Upload:
    """Look at what was sent; takes long enough to be done beside the loop. Raises Malformed."""
    told = archive.read(content, lint=not asked.skip_lint)
    return Upload(content=content, told=told, asked=asked)


async def upload(tx: Tx, caller: Caller, sent: Upload, *, quota: int) -> Chart:
    """Keep a chart, or replace the same version of it where the client says so.

    Raises ApiError: FORBIDDEN without a project, ALREADY_EXISTS, QUOTA for more than ``quota``.
    """
    project_id = _project(caller)
    await projects.hold(tx, project_id)
    found = await store.find(tx, sent.told.name, sent.told.version, project_id=project_id)
    if found is not None:
        if not sent.asked.override:
            raise _exists(found)
        return await _replace(tx, found, sent)
    if await store.count(tx, project_id=project_id) >= quota:
        raise ApiError(errors.QUOTA, f"This project may keep {quota} charts. Delete one first.")
    now = clock.now()
    chart = _described(
        Chart(
            uid=ids.new_uid(),
            project_id=project_id,
            name=sent.told.name,
            version="",
            description="",
            icon_url="",
            values="",
            has_readme=False,
            source="",
            digest="",
            created_at=now,
            updated_at=now,
        ),
        sent,
    )
    await store.insert(tx, chart, sent.content)
    return chart


async def update(tx: Tx, caller: Caller, uid: str, sent: Upload) -> Chart:
    """Keep other contents, and maybe another version, of a chart under its id.

    Raises ApiError: NOT_FOUND, INVALID_REQUEST for another chart's archive, ALREADY_EXISTS.
    """
    await projects.hold(tx, _project(caller))
    found = await show(tx, caller, uid, lock=True)
    if sent.told.name != found.name:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"content.Chart.yaml.name: This is {sent.told.name}, the chart is {found.name}."
            " Upload it as a chart of its own.",
        )
    return await _replace(tx, found, sent)


async def _replace(tx: Tx, found: Chart, sent: Upload) -> Chart:
    changed = _described(replace(found, updated_at=clock.now()), sent)
    try:
        await store.replace(tx, changed, sent.content)
    except Kept:
        raise _exists(changed) from None
    return changed


def _described(chart: Chart, sent: Upload) -> Chart:
    told = sent.told
    return replace(
        chart,
        version=told.version,
        description=told.description,
        icon_url=told.icon_url,
        values=told.values,
        has_readme=told.has_readme,
        source=sent.asked.source or "",
        digest=sha256(sent.content).hexdigest(),
    )


def _exists(chart: Chart) -> ApiError:
    return ApiError(
        errors.ALREADY_EXISTS,
        f"The project has {chart.name} {chart.version} already. Send another version, or override.",
    )


async def show(tx: Tx, caller: Caller, uid: str, *, lock: bool = False) -> Chart:
    """The chart. Raises ApiError NOT_FOUND for one that the caller's project has not."""
    found = await store.get(tx, uid, project_id=_project(caller), lock=lock)
    if found is None:
        raise ApiError(errors.NOT_FOUND, f"There is no chart {uid[:64]} in this project.")
    return found


async def every(tx: Tx, caller: Caller) -> list[Chart]:
    """All charts of the caller's project."""
    return await store.every(tx, project_id=_project(caller))


async def used(tx: Tx, caller: Caller) -> int:
    """How many charts the caller's project keeps."""
    return await store.count(tx, project_id=_project(caller))


async def delete(tx: Tx, caller: Caller, uid: str) -> Chart:
    """Forget a chart. What was installed of it stays. Raises ApiError NOT_FOUND."""
    await projects.hold(tx, _project(caller))
    found = await show(tx, caller, uid, lock=True)
    await store.remove(tx, uid)
    return found


def _project(caller: Caller) -> str:
    if not caller.project_id:
        raise ApiError(errors.FORBIDDEN, "Charts belong to a project: use credentials for one.")
    return caller.project_id
