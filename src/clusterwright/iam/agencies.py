"""Agencies as they are found: those that clients made, and the one that every domain has."""

from hashlib import md5

from clusterwright.errors import ApiError
from clusterwright.iam import dialect, grants
from clusterwright.iam.caller import Caller
from clusterwright.iam.grants import Agency
from clusterwright.storage.database import Tx

BUILT_IN = "cce_admin_trust"
"""By this agency the public service lets CCE work for a domain. Programs look whether it is there.
"""


def made_of(text: str) -> str:
    """An id for what is known by name only: the same name gives the same id."""
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def built_in(domain_id: str) -> Agency:
    """The agency that stands in every domain without having been made."""
    return Agency(
        id=made_of(f"{domain_id}/{BUILT_IN}"),
        domain_id=domain_id,
        name=BUILT_IN,
        description="What lets this server work for the domain",
        created_at=0,
        trust_domain_id=made_of("op_svc_cce"),
        trust_domain_name="op_svc_cce",
        hours=0,
    )


async def all_of(tx: Tx, domain_id: str) -> list[Agency]:
    """The agencies of a domain by name."""
    made = await grants.of_domain(tx, Agency, domain_id)
    return sorted([*made, built_in(domain_id)], key=lambda agency: agency.name)


async def find(tx: Tx, caller: Caller, agency_id: str) -> Agency:
    """An agency of the caller's domain. Raises ApiError."""
    own = built_in(caller.domain_id)
    if agency_id == own.id:
        return own
    agency = await grants.get(tx, Agency, agency_id, caller.domain_id)
    if agency is None:
        raise missing(agency_id)
    return agency


def missing(agency_id: str) -> ApiError:
    """That an agency is not there."""
    return dialect.missing("agency", agency_id)
