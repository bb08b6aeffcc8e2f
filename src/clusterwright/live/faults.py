"""The routes of faults: steps of a project's own jobs are made to fail on demand.

Whoever may use a project may delete its clusters too, so a fault that strikes nothing else needs no
further right. Those of the server's operator strike every project: they are listed, and are neither
armed nor cleared here.
"""

from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from clusterwright import errors
from clusterwright.drivers import faults
from clusterwright.drivers.faults import Fault, FaultRequest
from clusterwright.errors import ApiError
from clusterwright.iam.auth import Member
from clusterwright.jobs.plan import Registry
from clusterwright.live.wire import FaultArmed, FaultsArmed, FaultToArm
from clusterwright.storage import limits, projects
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, Setup, json_response
from clusterwright.web.server import given

router = Router(prefix="/clusterwright/v1/projects/{project_id}/faults", tags=["Extension"])

Types = Annotated[Registry, Depends(given(Registry))]


@router.post(
    "", operation_id="ArmFault", summary="Arm a fault", **described(FaultArmed, status=201)
)
async def arm_fault(
    caller: Member,
    data: Data,
    setup: Setup,
    registry: Types,
    asked: Annotated[FaultToArm, Depends(Body(FaultToArm))],
) -> Response:
    """Let a step of the project's jobs fail so many times, from now on.

    It strikes clusters of the project, or the one with the name that is given, which need not be
    there yet.
    """
    if not setup.user_faults:
        raise ApiError(
            errors.FORBIDDEN,
            "This server lets no user arm faults. Its operator does: clusterwright fault add.",
        )
    steps = _steps(registry)
    if asked.step not in steps:
        raise ApiError(
            errors.INVALID_REQUEST, f"step: No job has it. The steps are {', '.join(steps)}."
        )
    wanted = FaultRequest.model_validate(asked.told())
    async with data.transaction() as tx:
        await projects.hold(tx, caller.project_id)
        known = await faults.find_striking(tx, caller.project_id)
        if sum(fault.project is not None for fault in known) >= limits.MOST_FAULTS:
            raise ApiError(
                errors.QUOTA, f"A project may have {limits.MOST_FAULTS} faults. Clear some first."
            )
        fault = await faults.add(tx, wanted, project=caller.project_id)
    return json_response(_document(fault), 201)


def _steps(registry: Registry) -> list[str]:
    return sorted({step.name for each in registry.types.values() for step in each.steps()})


@router.get("", operation_id="ListFaults", summary="List faults", **described(FaultsArmed))
async def list_faults(caller: Member, data: Data, setup: Setup, registry: Types) -> Response:
    """The faults that strike jobs of the project, used up or not, oldest first.

    Told besides: the steps that can be made to fail, and whether users may arm faults here.
    """
    async with data.reading() as tx:
        found = await faults.find_striking(tx, caller.project_id)
    return json_response(
        {
            "faults": [_document(fault) for fault in found],
            "mayArm": setup.user_faults,
            "steps": _steps(registry),
        }
    )


@router.delete(
    "/{fault_id}",
    operation_id="ClearFault",
    summary="Clear a fault",
    **described(None, status=204),
)
async def clear_fault(caller: Member, data: Data, fault_id: str) -> Response:
    """Forget a fault of the project; it strikes no more."""
    known = fault_id.isascii() and fault_id.isdigit() and len(fault_id) < 10
    async with data.transaction() as tx:
        if not known or not await faults.clear(tx, int(fault_id), project=caller.project_id):
            raise ApiError(
                errors.NOT_FOUND,
                f"There is no fault {fault_id[:64]} that this project's users have armed.",
            )
    return Response(status_code=204)


@router.delete(
    "", operation_id="ClearFaults", summary="Clear all faults", **described(None, status=204)
)
async def clear_faults(caller: Member, data: Data) -> Response:
    """Forget every fault that users have armed in the project."""
    async with data.transaction() as tx:
        await faults.clear(tx, project=caller.project_id)
    return Response(status_code=204)


def _document(fault: Fault) -> dict[str, Any]:
    return {
        "id": str(fault.id),
        "step": fault.step,
        "cluster": fault.cluster,
        "reason": fault.reason,
        "kind": fault.kind,
        "class": fault.blame,
        "remaining": fault.remaining,
        "scope": "project" if fault.project else "server",
    }
