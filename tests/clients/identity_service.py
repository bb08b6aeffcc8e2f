"""The identity service's own operations, each once: a part of the script of everything."""

from tests.clients.script import Call

USER = {"user_id": "$who"}
GROUP = {"group_id": "$group"}
MEMBER = GROUP | USER
KEY = {"access_key": "$key"}
AGENCY = {"agency_id": "$agency"}
PROJECT = {"id": "$staging"}
PASSWORD = "Pick-An0ther-1"


def roles(
    listing: str, giving: str, looking: str, taking: str, *, place: str, subject: str
) -> tuple[Call, ...]:
    """A role is given, found and taken away."""
    where = {"place": place, "subject": subject}
    one = where | {"role_id": "$role"}
    return (
        Call(operation=giving, args=one, status=204),
        Call(operation=looking, args=one, status=204),
        Call(operation=listing, args=where, shows={"roles.*.id": "$role"}),
        Call(operation="ShowDomainRoleAssignments", shows={"role_assignments.*.role.id": "$role"}),
        Call(operation=taking, args=one, status=204),
    )


IDENTITY_SERVICE = (
    Call(
        operation="KeystoneCreateProject",
        args={"body": {"project": {"name": "cn-north-4_$name", "description": "May break"}}},
        status=201,
        keeps={"staging": "project.id"},
    ),
    Call(
        operation="KeystoneUpdateProject",
        args={"project_id": "$staging", "body": {"project": {"description": "Breaks"}}},
    ),
    Call(
        operation="UpdateProjectStatus",
        args=PROJECT | {"body": {"project": {"status": "normal"}}},
        status=204,
    ),
    Call(operation="ShowProjectDetailsAndStatus", args=PROJECT),
    Call(
        operation="KeystoneCreateUser",
        args={"body": {"user": {"name": "$name", "password": PASSWORD, "description": "CI"}}},
        status=201,
        keeps={"who": "user.id", "domain": "user.domain_id"},
    ),
    Call(
        operation="CreateUser",
        args={
            "body": {
                "user": {
                    "name": "other-$name",
                    "domain_id": "$domain",
                    "email": "ci@example.test",
                    "access_mode": "programmatic",
                }
            }
        },
        status=201,
    ),
    Call(operation="KeystoneShowUser", args=USER),
    Call(operation="ShowUser", args=USER),
    Call(
        operation="KeystoneUpdateUserByAdmin",
        args=USER | {"body": {"user": {"description": "Deploys"}}},
    ),
    Call(operation="UpdateUser", args=USER | {"body": {"user": {"email": "ops@example.test"}}}),
    Call(operation="KeystoneListProjectsForUser", args=USER),
    Call(operation="ShowUserLoginProtect", args=USER),
    Call(operation="ListUserLoginProtects"),
    Call(
        operation="CreatePermanentAccessKey",
        args={"body": {"credential": {"user_id": "$who", "description": "Of CI"}}},
        status=201,
        keeps={"key": "credential.access"},
    ),
    Call(operation="ListPermanentAccessKeys", args=USER),
    Call(operation="ShowPermanentAccessKey", args=KEY),
    Call(
        operation="UpdatePermanentAccessKey",
        args=KEY | {"body": {"credential": {"status": "inactive"}}},
    ),
    Call(operation="DeletePermanentAccessKey", args=KEY, status=204),
    Call(
        operation="KeystoneCreateGroup",
        args={"body": {"group": {"name": "$name", "description": "Operators"}}},
        status=201,
        keeps={"group": "group.id"},
    ),
    Call(operation="KeystoneShowGroup", args=GROUP),
    Call(operation="KeystoneUpdateGroup", args=GROUP | {"body": {"group": {"name": "g-$name"}}}),
    Call(operation="KeystoneListGroups"),
    Call(operation="KeystoneAddUserToGroup", args=MEMBER, status=204),
    Call(operation="KeystoneCheckUserInGroup", args=MEMBER, status=204),
    Call(operation="KeystoneListUsersForGroupByAdmin", args=GROUP),
    Call(operation="KeystoneListGroupsForUser", args=USER),
    Call(operation="KeystoneRemoveUserFromGroup", args=MEMBER, status=204),
    Call(
        operation="CreateAgency",
        args={
            "body": {
                "agency": {
                    "name": "$name",
                    "domain_id": "$domain",
                    "trust_domain_name": "op_svc_evs",
                    "duration": "ONEDAY",
                }
            }
        },
        status=201,
        keeps={"agency": "agency.id"},
    ),
    Call(operation="ListAgencies"),
    Call(operation="ShowAgency", args=AGENCY),
    Call(operation="UpdateAgency", args=AGENCY | {"body": {"agency": {"duration": "FOREVER"}}}),
    Call(
        operation="KeystoneListPermissions",
        args={"display_name": "CCE Administrator"},
        keeps={"role": "roles.0.id"},
    ),
    Call(operation="KeystoneShowPermission", args={"role_id": "$role"}),
    *roles(
        "KeystoneListDomainPermissionsForGroup",
        "KeystoneAssociateGroupWithDomainPermission",
        "KeystoneCheckDomainPermissionForGroup",
        "KeystoneRemoveDomainPermissionFromGroup",
        place="$domain",
        subject="$group",
    ),
    *roles(
        "KeystoneListProjectPermissionsForGroup",
        "KeystoneAssociateGroupWithProjectPermission",
        "KeystoneCheckProjectPermissionForGroup",
        "KeystoneRemoveProjectPermissionFromGroup",
        place="$staging",
        subject="$group",
    ),
    *roles(
        "KeystoneListAllProjectPermissionsForGroup",
        "UpdateDomainGroupInheritRole",
        "KeystoneCheckroleForGroup",
        "DeleteDomainGroupInheritedRole",
        place="$domain",
        subject="$group",
    ),
    *roles(
        "ListDomainPermissionsForAgency",
        "AssociateAgencyWithDomainPermission",
        "CheckDomainPermissionForAgency",
        "RemoveDomainPermissionFromAgency",
        place="$domain",
        subject="$agency",
    ),
    *roles(
        "ListProjectPermissionsForAgency",
        "AssociateAgencyWithProjectPermission",
        "CheckProjectPermissionForAgency",
        "RemoveProjectPermissionFromAgency",
        place="$staging",
        subject="$agency",
    ),
    *roles(
        "ListAllProjectsPermissionsForAgency",
        "AssociateAgencyWithAllProjectsPermission",
        "CheckAllProjectsPermissionForAgency",
        "RemoveAllProjectsPermissionFromAgency",
        place="$domain",
        subject="$agency",
    ),
    Call(operation="DeleteAgency", args=AGENCY, status=204),
    Call(operation="KeystoneDeleteGroup", args=GROUP, status=204),
    Call(operation="KeystoneDeleteUser", args=USER, status=204),
)
