"""What the huaweicloud provider sends for examples/terraform/identities, changes in it included.

Recorded while the real provider applied it, planned, applied a change, planned and destroyed.
"""

from dataclasses import replace
from typing import Any

from tests.clients.script import Call

PROJECT = "/v3/projects/$staging"
GROUP = "/v3/groups/$group"
USER = "/v3.0/OS-USER/users/$deployer"
KEYS = "/v3.0/OS-CREDENTIAL/credentials"
AGENCIES = "/v3.0/OS-AGENCY/agencies"
AGENCY = f"{AGENCIES}/$agency"


def page(number: int, wanted: str = "", **expects: Any) -> Call:
    """A page of the roles, of those that are wanted."""
    return Call(operation=f"GET /v3/roles?{wanted}page={number}&per_page=300", **expects)


def role(name: str, **keeps: str) -> tuple[Call, ...]:
    """A role, looked up by the name that people know."""
    wanted = f"display_name={name.replace(' ', '%20')}&"
    return (
        page(1, wanted, shows={"roles.*.display_name": name, "total_number": 1}, keeps=keeps),
        page(2, wanted, shows={"roles": []}),
    )


def given(to: str, on: str, name: str, *, status: int = 204) -> Call:
    """A role is given."""
    return Call(operation=f"PUT {on}{to}/roles/${name}", status=status)


LOOK = (
    Call(operation="GET /v3/auth/domains", keeps={"domain": "domains.0.id"}),
    Call(
        operation=f"GET {AGENCIES}?domain_id=$domain&name=cce_admin_trust",
        shows={"agencies.*.trust_domain_name": "op_svc_cce"},
    ),
    *role("CCE Administrator", clusters="roles.0.id"),
)
ON_GROUP = "/groups/$group"
ON_AGENCY = "/agencies/$agency"
INHERITED = "/v3/OS-INHERIT/domains/$domain/groups/$group/roles/$clusters/inherited_to_projects"
EVERYWHERE = "/v3.0/OS-INHERIT/domains/$domain/agencies/$agency/roles/{}/inherited_to_projects"
MAKE = (
    Call(
        operation="POST /v3/projects",
        args={"body": {"project": {"description": "May break", "name": "cn-north-4_$name"}}},
        status=201,
        keeps={"staging": "project.id"},
    ),
    Call(
        operation="GET /v3-ext/projects/$staging",
        shows={"project.status": "normal", "project.enabled": True, "project.parent_id": ...},
    ),
    Call(
        operation="POST /v3/groups",
        args={"body": {"group": {"description": "May change clusters", "name": "$name"}}},
        status=201,
        keeps={"group": "group.id"},
    ),
    Call(operation=f"GET {GROUP}", shows={"group.name": "$name", "group.domain_id": "$domain"}),
    Call(
        operation="POST /v3.0/OS-USER/users",
        args={
            "body": {
                "user": {
                    "description": "Deploys",
                    "domain_id": "$domain",
                    "email": "ci@example.test",
                    "enabled": True,
                    "name": "$name",
                    "password": "Pick-An0ther-1",
                    "pwd_status": True,
                }
            }
        },
        status=201,
        keeps={"deployer": "user.id"},
    ),
    Call(
        operation=f"GET {USER}",
        shows={"user.email": "ci@example.test", "user.pwd_status": True, "user.create_time": ...},
    ),
    Call(operation=f"GET {USER}/login-protect", shows={"login_protect.enabled": False}),
    Call(operation="GET /v3/users?enabled=true", shows={"users.*.id": "$deployer"}),
    Call(operation="GET /v3/users/$deployer/groups", shows={"groups": []}),
    Call(operation=f"PUT {GROUP}/users/$deployer", status=204),
    Call(operation=f"GET {GROUP}/users", shows={"users.*.id": "$deployer"}),
    Call(operation="GET /v3/users/$deployer/groups", shows={"groups.*.id": "$group"}),
    Call(operation="GET /v3/groups", shows={"groups.*.id": "$group"}),
    Call(
        operation=f"POST {KEYS}",
        args={"body": {"credential": {"description": "Of CI", "user_id": "$deployer"}}},
        status=201,
        shows={"credential.secret": ..., "credential.create_time": ...},
        keeps={"key": "credential.access"},
    ),
    Call(
        operation=f"GET {KEYS}/$key",
        shows={"credential.status": "active", "credential.user_id": "$deployer"},
    ),
    Call(operation=f"PUT {INHERITED}", status=204),
    Call(operation=f"HEAD {INHERITED}", status=204),
    given(ON_GROUP, PROJECT, "clusters"),
    Call(operation=f"GET {PROJECT}{ON_GROUP}/roles", shows={"roles.*.id": "$clusters"}),
    given(ON_GROUP, "/v3/domains/$domain", "clusters"),
    Call(
        operation=f"GET /v3/domains/$domain{ON_GROUP}/roles",
        shows={"roles.*.display_name": "CCE Administrator"},
    ),
)
DELEGATE = (
    Call(
        operation=f"POST {AGENCIES}",
        args={
            "body": {
                "agency": {
                    "description": "Disks",
                    "domain_id": "$domain",
                    "duration": "ONEDAY",
                    "name": "$name",
                    "trust_domain_name": "op_svc_evs",
                }
            }
        },
        status=201,
        shows={"agency.expire_time": ...},
        keeps={"agency": "agency.id"},
    ),
    page(1, keeps={"first": "roles.0.id", "second": "roles.1.id"}),
    page(1, "domain_id=$domain&", shows={"roles": []}),
    Call(
        operation="GET /v3/projects?domain_id=$domain&page=1&per_page=5000",
        shows={"projects.*.id": "$staging", "links.next": None},
    ),
    given(ON_AGENCY, "/v3.0/OS-AGENCY/projects/$staging", "first"),
    given(ON_AGENCY, "/v3.0/OS-AGENCY/domains/$domain", "first"),
    Call(operation=f"PUT {EVERYWHERE.format('$first')}", status=204),
    Call(operation=f"GET {AGENCY}", shows={"agency.duration": "24", "agency.name": "$name"}),
    Call(
        operation=f"GET /v3.0/OS-AGENCY/projects/$staging{ON_AGENCY}/roles",
        shows={"roles.*.id": "$first"},
    ),
    Call(operation=f"GET /v3.0/OS-AGENCY/projects/$project{ON_AGENCY}/roles", shows={"roles": []}),
    Call(
        operation=f"GET /v3.0/OS-AGENCY/domains/$domain{ON_AGENCY}/roles",
        shows={"roles.*.id": "$first"},
    ),
)
CHANGE = (
    Call(
        operation=f"PATCH {GROUP}",
        args={"body": {"group": {"description": "May look at clusters", "name": "$name"}}},
    ),
    Call(
        operation=f"PATCH {PROJECT}",
        args={"body": {"project": {"description": "Breaks"}}},
        shows={"project.description": "Breaks"},
    ),
    Call(operation=f"PUT {USER}", args={"body": {"user": {"description": "From elsewhere"}}}),
    Call(
        operation=f"GET {USER}",
        shows={"user.description": "From elsewhere", "user.email": "ci@example.test"},
    ),
    Call(
        operation=f"PUT {KEYS}/$key",
        args={"body": {"credential": {"description": "Ours", "status": "active"}}},
    ),
    Call(
        operation=f"PUT {AGENCY}",
        args={
            "body": {
                "agency": {
                    "delegated_domain": "op_svc_obs",
                    "description": "For longer",
                    "duration": "FOREVER",
                }
            }
        },
    ),
    given(ON_AGENCY, "/v3.0/OS-AGENCY/projects/$staging", "second"),
    Call(operation=f"DELETE {EVERYWHERE.format('$first')}", status=204),
    Call(operation=f"PUT {EVERYWHERE.format('$second')}", status=204),
    Call(
        operation=f"GET {AGENCY}",
        shows={
            "agency.duration": "FOREVER",
            "agency.expire_time": None,
            "agency.trust_domain_name": "op_svc_obs",
        },
    ),
)
DESTROY = (
    Call(operation=f"DELETE /v3/domains/$domain{ON_GROUP}/roles/$clusters", status=204),
    Call(operation=f"DELETE {PROJECT}{ON_GROUP}/roles/$clusters", status=204),
    Call(operation=f"DELETE {KEYS}/$key", status=204),
    Call(operation=f"DELETE {INHERITED}", status=204),
    Call(operation=f"DELETE {AGENCY}", status=204),
    Call(operation=f"DELETE {GROUP}/users/$deployer", status=204),
    # The provider warns, and leaves the project as it is.
    Call(operation=f"DELETE {PROJECT}", status=404),
    Call(operation=f"DELETE {GROUP}", status=204),
    Call(operation="DELETE /v3/users/$deployer", status=204),
)


def of_domain(call: Call) -> Call:
    """The call as the provider sends it once it knows its domain: for that, and no project."""
    return replace(call, args={**call.args, "headers": {"X-Domain-Id": "$domain"}})


_SENT: tuple[Call, ...] = (*LOOK, *MAKE, *DELEGATE, *CHANGE, *DESTROY)
WALK = (_SENT[0], *map(of_domain, _SENT[1:]))
"""Everything, in the order in which it was sent."""
