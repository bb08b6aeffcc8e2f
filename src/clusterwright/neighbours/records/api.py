"""The routes of records: for each dialect the same five, made from its declaration."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response

from clusterwright import errors
from clusterwright.cce.surroundings.checks import WORDS
from clusterwright.cce.surroundings.store import Kind, Record
from clusterwright.errors import ApiError
from clusterwright.iam import auth
from clusterwright.iam.auth import Member
from clusterwright.iam.caller import Caller
from clusterwright.neighbours.records import around, operations
from clusterwright.neighbours.records.around import Around
from clusterwright.neighbours.records.dialects import DIALECTS, TAGGED, Dialect
from clusterwright.neighbours.wire import SnakeCase, TagAction
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, Whole, array, json_response

Answer = Callable[..., Coroutine[Any, Any, Response]]

router = Router(tags=["Neighbour"])

Id = Annotated[str, Path(max_length=64)]
Resource = Literal["vpcs", "subnets", "publicips", "security-groups"]


def _caller(dialect: Dialect) -> Any:
    named = "{project_id}" in dialect.path
    return Depends(auth.project_caller if named else auth.caller)


def _list(dialect: Dialect) -> Answer:
    caller = _caller(dialect)

    async def listed(
        request: Request,
        data: Data,
        who: Caller = caller,
        marker: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[Whole, Query(ge=0, le=2000)] = 2000,
    ) -> Response:
        async with data.reading() as tx:
            seen = await around.look(tx, who)
        found = _after(_matching(dialect, seen, request), marker)[: limit or None]
        read = (dialect.read(seen, record) for record in found)
        items = ({dialect.one: item} for item in read) if dialect.wrapped else read
        return json_response({dialect.many: await array(items)})

    return listed


def _matching(dialect: Dialect, seen: Around, request: Request) -> list[Record]:
    """The records that a list is asked for.

    Those of its trusted filter that are not known are believed in. Raises ApiError INVALID_REQUEST
    for an address that is none.
    """
    found = seen.all(dialect.kind)
    for name in dialect.filters:
        wanted = request.query_params.getlist(name)
        if not wanted:
            continue
        if name.endswith("ip_address") and not all(map(around.is_address, wanted)):
            raise ApiError(errors.INVALID_REQUEST, f"query.{name}: Send an IPv4 address.")
        read = [(record, dialect.read(seen, record).get(name)) for record in found]
        found = [record for record, value in read if value in wanted]
        if name == dialect.trusted:
            strange = set(wanted) - {str(value) for _, value in read}
            guesses = (seen.believed(dialect.kind, each) for each in wanted if each in strange)
            found += [guess for guess in guesses if guess]
    return found


def _after(found: list[Record], marker: str) -> list[Record]:
    if not marker:
        return found
    ids = [record.id for record in found]
    return found[ids.index(marker) + 1 :] if marker in ids else []


def _show(dialect: Dialect) -> Answer:
    caller = _caller(dialect)

    async def shown(data: Data, id: Id, who: Caller = caller) -> Response:
        async with data.reading() as tx:
            seen, record = await operations.show(tx, who, dialect.kind, id)
        return json_response({dialect.one: dialect.read(seen, record)})

    return shown


def _create(dialect: Dialect, body: type[SnakeCase]) -> Answer:
    caller, given = _caller(dialect), Depends(Body(body))

    async def created(data: Data, who: Caller = caller, asked: Any = given) -> Response:
        content, secret = asked.content, {}
        if dialect.kind is Kind.KEY_PAIR:
            content = {"user_id": who.user_id} | content
            if not content.get("public_key"):
                private, content["public_key"] = operations.new_key_pair()
                secret = {"private_key": private}
        async with data.transaction() as tx:
            seen, record = await operations.add(tx, who, dialect.kind, content)
        document = dialect.read(seen, record) | secret
        return json_response({dialect.one: document}, dialect.created)

    return created


def _vpc(request: Request) -> str:
    """The VPC that a path is below; empty for the paths that are below none."""
    named: str = request.path_params.get("vpc_id", "")
    return named


def _change(dialect: Dialect, body: type[SnakeCase]) -> Answer:
    caller, given = _caller(dialect), Depends(Body(body))

    async def changed(
        request: Request, data: Data, id: Id, who: Caller = caller, asked: Any = given
    ) -> Response:
        async with data.transaction() as tx:
            seen, record = await operations.change(
                tx, who, dialect.kind, id, asked.content, vpc=_vpc(request)
            )
        return json_response({dialect.one: dialect.read(seen, record)})

    return changed


def _delete(dialect: Dialect) -> Answer:
    caller = _caller(dialect)

    async def deleted(request: Request, data: Data, id: Id, who: Caller = caller) -> Response:
        async with data.transaction() as tx:
            await operations.remove(tx, who, dialect.kind, id, vpc=_vpc(request))
        return Response(status_code=dialect.gone)

    return deleted


def _serve(dialect: Dialect) -> None:
    """Add the routes of a dialect."""
    word = WORDS[dialect.kind]
    several = f"{word}es" if word.endswith("s") else f"{word}s"
    inner = dialect.inner or dialect.item

    def add(verb: str, method: str, path: str, answer: Answer, status: int = 200) -> None:
        router.add(
            method,
            path,
            answer,
            operation_id=f"{dialect.service}{verb}{dialect.noun}{dialect.suffix}",
            summary=f"{verb} a {word}" if verb != "List" else f"List {several}",
            **described(None if verb == "Delete" else dict[str, Any], status=status),
        )

    add("List", "GET", dialect.path, _list(dialect))
    add("Show", "GET", dialect.item, _show(dialect))
    if dialect.create:
        add("Create", "POST", dialect.path, _create(dialect, dialect.create), dialect.created)
    if dialect.change:
        add("Update", "PUT", inner, _change(dialect, dialect.change))
    if dialect.deletes:
        add("Delete", "DELETE", inner, _delete(dialect), dialect.gone)


for _dialect in DIALECTS:
    _serve(_dialect)


@router.get(
    "/v2.0/{project_id}/{resource}/{id}/tags",
    operation_id="VpcShowTags",
    summary="Show the tags of a network, an address or a group",
    **described(dict[str, Any]),
)
async def show_tags(who: Member, data: Data, resource: Resource, id: Id) -> Response:
    """Its tags; what was made elsewhere has none."""
    async with data.reading() as tx:
        _, record = await operations.show(tx, who, TAGGED[resource], id)
    return json_response({"tags": record.document.get("tags", [])})


@router.post(
    "/v2.0/{project_id}/{resource}/{id}/tags/action",
    operation_id="VpcBatchChangeTags",
    summary="Change the tags of a network, an address or a group",
    **described(None, status=204),
)
async def change_tags(
    who: Member,
    data: Data,
    resource: Resource,
    id: Id,
    asked: Annotated[TagAction, Depends(Body(TagAction))],
) -> Response:
    """Set or remove some of its tags."""
    async with data.transaction() as tx:
        await operations.change_tags(tx, who, TAGGED[resource], id, asked)
    return Response(status_code=204)
