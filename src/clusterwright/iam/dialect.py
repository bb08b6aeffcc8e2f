"""How routes of the identity service ask and answer: its words, its callers, its changes."""

import ipaddress
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from clusterwright import errors
from clusterwright.document import Malformed
from clusterwright.errors import ApiError
from clusterwright.iam import auth
from clusterwright.iam.auth import Authenticator
from clusterwright.iam.caller import Caller
from clusterwright.iam.directory import Directory
from clusterwright.iam.login import Login, Origin, Throttled
from clusterwright.iam.store import NameTaken, User
from clusterwright.storage.database import Tx
from clusterwright.web import idempotency, refusals, routes
from clusterwright.web.server import given

T = TypeVar("T")


class IdentityRoute(routes.Route):
    """A route that refuses in the identity service's words and names the request its way."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            request_id: str = request.state.request_id
            try:
                response = await handle(request)
            except (ApiError, Malformed, NameTaken, RequestValidationError) as error:
                refusal = _refusal(error, request)
                content = refusals.error_body(refusal, request_id, request.scope)
                response = Response(content, refusal.error.status, media_type="application/json")
                if isinstance(refusal, Throttled):
                    response.headers["Retry-After"] = str(refusal.retry_after)
            response.headers["X-IAM-Trace-Id"] = request_id
            return response

        return answer


def _refusal(error: Exception, request: Request) -> ApiError:
    if isinstance(error, NameTaken):
        return ApiError(errors.IAM_CONFLICT, str(error))
    found = refusals.as_refusal(error, request.scope, request.state.request_id)
    match error:
        case Malformed():
            return ApiError(errors.IAM_INVALID_BODY, found.detail)
        case RequestValidationError():
            return ApiError(errors.IAM_INVALID_PARAMETER, found.detail)
        case _:
            return auth.in_dialect(found, request.scope["path"])


def router() -> routes.Router:
    """Where routes of the identity service are declared that its official SDK knows by name."""
    return routes.Router(route_class=IdentityRoute, tags=["Identity"])


Authenticated = Annotated[Caller, Depends(auth.caller)]
Page = Annotated[routes.Whole | None, Query(ge=1)]
PerPage = Annotated[routes.Whole | None, Query(ge=1, le=5000)]
Id = Annotated[str, Path(max_length=64)]


async def directory(request: Request) -> Directory:
    """What is known of users and keys."""
    return (await auth.authenticator(request)).directory


async def origin(request: Request) -> Origin:
    """Where a request is from.

    The last address in X-Forwarded-For is the only one that a proxy has seen itself; all before it
    are the client's own words.
    """
    address = request.client.host if request.client else ""
    if (await routes.settings(request)).trust_proxy:
        last = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
        with suppress(ValueError):
            address = str(ipaddress.ip_address(last))
    return Origin(address, request.state.request_id)


Known = Annotated[Directory, Depends(directory)]
Guard = Annotated[Authenticator, Depends(auth.authenticator)]
Entrance = Annotated[Login, Depends(given(Login))]
Subject = Annotated[str, Header(alias="X-Subject-Token")]
Base = Annotated[str, Depends(routes.base_url)]


async def change(request: Request, work: Callable[[Tx], Awaitable[T]]) -> T:
    """Change rows, and let this process see the change as soon as it is committed."""
    async with (await routes.database(request)).transaction() as tx:
        result = await work(tx)
    data = await routes.database_at_once(request)
    known = await directory(request)
    await idempotency.afterwards(request, partial(known.refresh, data))
    return result


async def _administrator(caller: Authenticated, directory: Known) -> Caller:
    check_administrator(caller, directory)
    return caller


Administrator = Annotated[Caller, Depends(_administrator)]
"""What routes write to ask for a caller who may change who may use the domain."""


def is_administrator(caller: Caller, known: Directory) -> bool:
    """Whether the caller may change who may use its domain."""
    user = known.snapshot.users.get(caller.user_id)
    return bool(user and user.administrator)


def check_administrator(caller: Caller, known: Directory) -> None:
    """Raises ApiError for a caller who may not change who may use its domain."""
    if not is_administrator(caller, known):
        raise ApiError(
            errors.IAM_FORBIDDEN, "Only an administrator of the domain may do this. Ask one."
        )


def check_lasting(caller: Caller) -> None:
    """Raises ApiError for a temporary key: what it leaves must not outlive it."""
    if caller.temporary:
        raise ApiError(
            errors.IAM_FORBIDDEN,
            "A temporary access key makes no keys, users or passwords. Use a permanent one.",
        )


def check_domain(caller: Caller, domain_id: str) -> None:
    """Raises ApiError for a domain that is not the caller's."""
    if domain_id != caller.domain_id:
        raise missing("domain", domain_id)


def missing(kind: str, id: str) -> ApiError:
    """That something is not there, or not in the caller's domain."""
    return ApiError(errors.IAM_NOT_FOUND, f"Could not find the {kind} {id[:64]}.")


def check_quota(there: int, most: int, what: str) -> None:
    """Raises ApiError where one more would be too many."""
    if there >= most:
        raise ApiError(errors.IAM_QUOTA, f"There are {there} {what}, and at most {most} may be.")


def user_of(caller: Caller, known: Directory, user_id: str) -> User:
    """A user of the caller's domain. Raises ApiError."""
    user = known.snapshot.users.get(user_id)
    if user is None or user.domain_id != caller.domain_id:
        raise missing("user", user_id)
    return user


def paged(found: list[T], page: int | None, per_page: int | None) -> list[T]:
    """What is on one page; everything where no page is asked for."""
    if page is None or per_page is None:
        return found
    first = (page - 1) * per_page
    return found[first : first + per_page]
