"""Identities of pods as every official SDK asks for them."""

from tests.clients.life import IN_CLUSTER
from tests.clients.script import Call

ONE = IN_CLUSTER | {"association_id": "$identity"}

IDENTITY_STOCK = (
    Call(
        operation="CreatePodIdentityAssociation",
        args=IN_CLUSTER
        | {
            "body": {
                "namespace": "shop",
                "serviceAccount": "web",
                "agencyName": "reader",
                "tags": [{"key": "team", "value": "a"}],
            }
        },
        status=201,
        keeps={"identity": "uid"},
    ),
    Call(
        operation="UpdatePodIdentityAssociation",
        args=ONE | {"body": {"agencyName": "writer"}},
        shows={"agencyName": "writer", "serviceAccount": "web"},
        needs="CreatePodIdentityAssociation",
    ),
)

IDENTITY_READS = (
    Call(
        operation="ListPodIdentityAssociations",
        args=IN_CLUSTER,
        shows={"body.*.uid": "$identity"},
    ),
    Call(
        operation="ShowPodIdentityAssociation",
        args=ONE,
        shows={"agencyName": "writer", "tags.*.key": "team", "modifiedAt": ...},
    ),
)

IDENTITY_END = (
    Call(
        operation="AssumeAgencyForPodIdentity",
        args=IN_CLUSTER | {"body": {"token": "none"}},
        status=400,
        needs="CreatePodIdentityAssociation",
    ),
    Call(
        operation="DeletePodIdentityAssociation",
        args=ONE,
        status=204,
        needs="CreatePodIdentityAssociation",
    ),
)
