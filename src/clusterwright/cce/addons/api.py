"""The routes of add-ons: they translate and commit, and decide nothing.

Their paths name no project; it is the credentials' (client notes, A2). Terraform calls them on the
host ``{cluster_id}.{host}``: hosts are not looked at.
"""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import Depends, Query
from starlette.responses import Response

from clusterwright import clock
from clusterwright.cce.addons import documents, operations, store
from clusterwright.cce.addons.documents import Places
from clusterwright.cce.addons.templates import offered
from clusterwright.cce.addons.wire import (
    AddonDocument,
    AddonList,
    AddonToInstall,
    AddonToUpdate,
    CheckDocument,
    CheckList,
    CheckToCreate,
    Rollback,
    TemplateList,
)
from clusterwright.iam.auth import Anyone, Member
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, Setup, array, base_url, json_response

router = Router(tags=["Add-on"])


async def _places(base: Annotated[str, Depends(base_url)], setup: Setup) -> Places:
    return {"base": base, "host": urlsplit(base).netloc, "region": setup.region}


Where = Annotated[Places, Depends(_places)]

_CHECKS = "/api/v3/projects/{project_id}/clusters/{cluster_id}/addons/precheck"


@router.get(
    "/api/v3/addontemplates",
    operation_id="ListAddonTemplates",
    summary="List what can be installed",
    **described(TemplateList),
)
async def list_addon_templates(
    who: Anyone, where: Where, addon_template_name: Annotated[str, Query(max_length=128)] = ""
) -> Response:
    """Every template, or the one of that name."""
    found = [
        documents.template(template, where)
        for template in offered(autopilot=who.autopilot).values()
        if addon_template_name in ("", template.name)
    ]
    return json_response(documents.listed("Addon", found))


@router.post(
    "/api/v3/addons",
    operation_id="CreateAddonInstance",
    summary="Install an add-on",
    **described(AddonDocument, status=201),
)
async def create_addon_instance(
    who: Anyone,
    where: Where,
    data: Data,
    asked: Annotated[AddonToInstall, Depends(Body(AddonToInstall))],
) -> Response:
    """Promise an add-on; its ``status.status`` tells when it is running."""
    async with data.transaction() as tx:
        addon, cluster = await operations.install(tx, who, asked)
    return json_response(documents.addon(addon, cluster, where), 201)


@router.get(
    "/api/v3/addons",
    operation_id="ListAddonInstances",
    summary="List the add-ons of a cluster",
    **described(AddonList),
)
async def list_addon_instances(
    who: Anyone,
    where: Where,
    data: Data,
    cluster_id: Annotated[str, Query(min_length=1, max_length=64)],
) -> Response:
    """The add-ons of a cluster, in the order of their names."""
    async with data.reading() as tx:
        cluster = await operations.cluster_of(tx, who, cluster_id)
        found = await store.find(tx, cluster.uid, project_id=who.project_id)
    items = await array(documents.addon(addon, cluster, where) for addon in found)
    return json_response(documents.listed("Addon", items))


@router.get(
    "/api/v3/addons/{id}",
    operation_id="ShowAddonInstance",
    summary="Show an add-on",
    **described(AddonDocument),
)
async def show_addon_instance(
    who: Anyone,
    where: Where,
    data: Data,
    id: str,
    cluster_id: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """One add-on."""
    async with data.reading() as tx:
        addon = await operations.show(tx, who, id, cluster_uid=cluster_id)
        cluster = await operations.cluster_of(tx, who, addon.cluster_uid)
    return json_response(documents.addon(addon, cluster, where))


@router.put(
    "/api/v3/addons/{id}",
    operation_id="UpdateAddonInstance",
    summary="Upgrade or edit an add-on",
    **described(AddonDocument),
)
async def update_addon_instance(
    who: Anyone,
    where: Where,
    data: Data,
    id: str,
    asked: Annotated[AddonToUpdate, Depends(Body(AddonToUpdate))],
) -> Response:
    """Promise another version or other values."""
    async with data.transaction() as tx:
        addon, cluster = await operations.update(tx, who, id, asked)
    return json_response(documents.addon(addon, cluster, where))


@router.delete(
    "/api/v3/addons/{id}",
    operation_id="DeleteAddonInstance",
    summary="Uninstall an add-on",
    **described(AddonDocument),
)
async def delete_addon_instance(
    who: Anyone,
    where: Where,
    data: Data,
    id: str,
    cluster_id: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Promise the add-on's end; it can be read until it is gone.

    The public service is documented to answer with the word ``success``, but the Go SDK insists on
    an object, and every other client takes one.
    """
    async with data.transaction() as tx:
        addon, cluster = await operations.uninstall(tx, who, id, cluster_uid=cluster_id)
    return json_response(documents.addon(addon, cluster, where))


@router.post(
    "/api/v3/addons/{id}/operation/rollback",
    operation_id="RollbackAddonInstance",
    summary="Roll an add-on back",
    **described(AddonDocument),
)
async def rollback_addon_instance(
    who: Anyone,
    where: Where,
    data: Data,
    id: str,
    asked: Annotated[Rollback, Depends(Body(Rollback))],
) -> Response:
    """Promise the version from before the last upgrade."""
    async with data.transaction() as tx:
        addon, cluster = await operations.rollback(tx, who, id, cluster_uid=asked.cluster_id)
    return json_response(documents.addon(addon, cluster, where))


@router.post(
    _CHECKS,
    operation_id="BatchCreateAddonPrecheck",
    summary="Check add-ons",
    **described(CheckDocument, status=201),
)
async def batch_create_addon_precheck(
    who: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[CheckToCreate, Depends(Body(CheckToCreate))],
) -> Response:
    """Look at add-ons at once; the tasks in the answer have ended."""
    async with data.transaction() as tx:
        found = await operations.check(tx, who, cluster_id, asked.spec.addon_list)
    sent = [entry.as_sent() for entry in asked.spec.addon_list]
    return json_response(documents.checks(cluster_id, sent, found), 201)


@router.get(
    f"{_CHECKS}/tasks",
    operation_id="ListAddonPrecheckTasks",
    summary="List checks of add-ons",
    **described(CheckList),
)
async def list_addon_precheck_tasks(
    who: Member,
    data: Data,
    cluster_id: str,
    type: Literal["addonStatic", "addonUpgrade"] | None = None,
    task_id: Annotated[str, Query(max_length=64)] = "",
    addon_instance_id: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The checks of the last day, newest first."""
    async with data.reading() as tx:
        cluster = await operations.cluster_of(tx, who, cluster_id)
        found = await store.find_checks(
            tx,
            cluster.uid,
            project_id=who.project_id,
            since=clock.now() - documents.CHECK_LIFETIME,
            type=type or "",
            uid=task_id,
            addon_uid=addon_instance_id,
        )
    items = await array(documents.check(check) for check in found)
    answer = documents.listed("AddonCheck", items) | {"pageInfo": {"currentCount": len(found)}}
    return json_response(answer)
