"""How pod identities read (API reference, 12.3)."""

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from clusterwright.cce.identities.spec import AUDIENCE, Claims
from clusterwright.cce.identities.store import Association
from clusterwright.clock import seconds
from clusterwright.iam.caller import Caller
from clusterwright.iam.temporary import Issued

Json = dict[str, Any]


def association(found: Association) -> Json:
    """An association. The documented ``modifiedAt`` and Terraform's ``updatedAt`` are the same."""
    updated = seconds(found.updated_at)
    return {
        "uid": found.uid,
        "clusterId": found.cluster_uid,
        "namespace": found.namespace,
        "serviceAccount": found.service_account,
        "agencyName": found.agency_name,
        "tags": found.tags,
        "createdAt": seconds(found.created_at),
        "modifiedAt": updated,
        "updatedAt": updated,
    }


def assumed(found: Association, claims: Claims, issued: Issued, caller: Caller) -> Json:
    """What a pod gets for its token."""
    pod = claims.pod or claims.service_account
    session = f"cce-{found.cluster_uid}-{pod}-{uuid4()}"
    # Agencies are names here; an id that is the same for a name is all that can be told.
    agency_id = uuid5(NAMESPACE_URL, f"{caller.domain_id}/{found.agency_name}").hex
    urn = f"sts::{caller.domain_id}:assumed-agency:{found.agency_name}/{session}"
    return {
        "assumedAgency": {"urn": urn, "id": f"{agency_id}:{session}"},
        "audience": AUDIENCE,
        "credentials": {
            "accessKeyId": issued.key.access_key,
            "secretAccessKey": issued.secret,
            "securityToken": issued.security_token,
            "expiration": _milliseconds(issued.key.expires_at),
        },
        "podIdentityAssociationId": found.uid,
        "subject": {"namespace": found.namespace, "serviceAccount": found.service_account},
    }


def _milliseconds(nanoseconds: int) -> str:
    moment = datetime.fromtimestamp(nanoseconds // 1_000_000 / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
