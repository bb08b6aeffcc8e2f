"""Every official operation that this server does not have, as one table, each answering so.

The names are the official SDK's; those of other services carry the service's name in front. Two
spaces and a sentence behind a name tell what to do instead. Generated pages and tests read the
table, so an operation that gets built is moved, not added.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from fastapi import Depends, Request
from starlette.responses import Response

from clusterwright.errors import NOT_SUPPORTED, ApiError
from clusterwright.iam.auth import caller, in_dialect, project_caller
from clusterwright.web import routes

# ruff: noqa: E501  # one operation per line reads better than any wrapping
_TABLE = """

POST /v1.0/enterprise-projects/{enterprise_project_id}/resources-migrate EpsMigrateResource
POST /v3/{project_id}/keypairs/associate KpsAssociateKeypair
POST /v3/{project_id}/keypairs/disassociate KpsDisassociateKeypair
GET /v2/orders/customer-orders/details/{order_id} BssShowOrder
POST /v2/orders/subscriptions/resources/unsubscribe BssUnsubscribeResources

POST /v3-ext/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/metadata IamCreateMetadata  Users of other services cannot log in here.
GET /v3-ext/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/metadata IamShowMetadata  Users of other services cannot log in here.
POST /v3.0/OS-AUTH/id-token/tokens IamCreateTokenWithIdToken
POST /v3.0/OS-AUTH/securitytoken/logintokens IamCreateLoginToken
POST /v3.0/OS-FEDERATION/identity-providers/{idp_id}/openid-connect-config IamCreateOpenIdConnectConfig  Users of other services cannot log in here.
GET /v3.0/OS-FEDERATION/identity-providers/{idp_id}/openid-connect-config IamShowOpenIdConnectConfig  Users of other services cannot log in here.
PUT /v3.0/OS-FEDERATION/identity-providers/{idp_id}/openid-connect-config IamUpdateOpenIdConnectConfig  Users of other services cannot log in here.
POST /v3.0/OS-FEDERATION/tokens IamCreateUnscopeTokenByIdpInitiated  Users of other services cannot log in here.
PUT /v3.0/OS-MFA/mfa-devices/bind IamCreateBindingDevice
PUT /v3.0/OS-MFA/mfa-devices/unbind IamDeleteBindingDevice
GET /v3.0/OS-MFA/users/{user_id}/virtual-mfa-device IamShowUserMfaDevice
POST /v3.0/OS-MFA/virtual-mfa-devices IamCreateMfaDevice
DELETE /v3.0/OS-MFA/virtual-mfa-devices IamDeleteMfaDevice
GET /v3.0/OS-MFA/virtual-mfa-devices IamListUserMfaDevices
GET /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/groups IamListGroupsForEnterpriseProject
GET /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/groups/{group_id}/roles IamListRolesForGroupOnEnterpriseProject
PUT /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/groups/{group_id}/roles/{role_id} IamAssociateRoleToGroupOnEnterpriseProject
DELETE /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/groups/{group_id}/roles/{role_id} IamRevokeRoleFromGroupOnEnterpriseProject
GET /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/users IamListUsersForEnterpriseProject
GET /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/users/{user_id}/roles IamListRolesForUserOnEnterpriseProject
PUT /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/users/{user_id}/roles/{role_id} IamAssociateRoleToUserOnEnterpriseProject
DELETE /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/users/{user_id}/roles/{role_id} IamRevokeRoleFromUserOnEnterpriseProject
GET /v3.0/OS-PERMISSION/groups/{group_id}/enterprise-projects IamListEnterpriseProjectsForGroup
PUT /v3.0/OS-PERMISSION/subjects/agency/scopes/enterprise-project/role-assignments IamAssociateRoleToAgencyOnEnterpriseProject
DELETE /v3.0/OS-PERMISSION/subjects/agency/scopes/enterprise-project/role-assignments IamRevokeRoleFromAgencyOnEnterpriseProject
GET /v3.0/OS-PERMISSION/users/{user_id}/enterprise-projects IamListEnterpriseProjectsForUser
GET /v3.0/OS-QUOTA/domains/{domain_id} IamShowDomainQuota
GET /v3.0/OS-QUOTA/projects/{id} IamShowProjectQuota
POST /v3.0/OS-ROLE/roles IamCreateAgencyCustomPolicy  Roles are not enforced; give one of the system.
GET /v3.0/OS-ROLE/roles IamListCustomPolicies  Roles are not enforced; give one of the system.
DELETE /v3.0/OS-ROLE/roles/{role_id} IamDeleteCustomPolicy  Roles are not enforced; give one of the system.
GET /v3.0/OS-ROLE/roles/{role_id} IamShowCustomPolicy  Roles are not enforced; give one of the system.
PATCH /v3.0/OS-ROLE/roles/{role_id} IamUpdateAgencyCustomPolicy  Roles are not enforced; give one of the system.
GET /v3.0/OS-SECURITYPOLICY/domains/{domain_id}/api-acl-policy IamShowDomainApiAclPolicy
PUT /v3.0/OS-SECURITYPOLICY/domains/{domain_id}/api-acl-policy IamUpdateDomainApiAclPolicy
GET /v3.0/OS-SECURITYPOLICY/domains/{domain_id}/console-acl-policy IamShowDomainConsoleAclPolicy
PUT /v3.0/OS-SECURITYPOLICY/domains/{domain_id}/console-acl-policy IamUpdateDomainConsoleAclPolicy
GET /v3.0/OS-SECURITYPOLICY/domains/{domain_id}/login-policy IamShowDomainLoginPolicy
PUT /v3.0/OS-SECURITYPOLICY/domains/{domain_id}/login-policy IamUpdateDomainLoginPolicy
GET /v3.0/OS-SECURITYPOLICY/domains/{domain_id}/password-policy IamShowDomainPasswordPolicy
PUT /v3.0/OS-SECURITYPOLICY/domains/{domain_id}/password-policy IamUpdateDomainPasswordPolicy
GET /v3.0/OS-SECURITYPOLICY/domains/{domain_id}/protect-policy IamShowDomainProtectPolicy
PUT /v3.0/OS-SECURITYPOLICY/domains/{domain_id}/protect-policy IamUpdateDomainProtectPolicy
PUT /v3.0/OS-USER/users/{user_id}/info IamUpdateUserInformation
PUT /v3.0/OS-USER/users/{user_id}/login-protect IamUpdateLoginProtect
GET /v3/OS-FEDERATION/domains IamKeystoneListFederationDomains  Users of other services cannot log in here.
GET /v3/OS-FEDERATION/identity_providers IamKeystoneListIdentityProviders  Users of other services cannot log in here.
GET /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols IamKeystoneListProtocols  Users of other services cannot log in here.
PUT /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id} IamKeystoneCreateProtocol  Users of other services cannot log in here.
DELETE /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id} IamKeystoneDeleteProtocol  Users of other services cannot log in here.
GET /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id} IamKeystoneShowProtocol  Users of other services cannot log in here.
PATCH /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id} IamKeystoneUpdateProtocol  Users of other services cannot log in here.
POST /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/auth IamCreateUnscopedTokenWithIdToken  Users of other services cannot log in here.
PUT /v3/OS-FEDERATION/identity_providers/{id} IamKeystoneCreateIdentityProvider  Users of other services cannot log in here.
DELETE /v3/OS-FEDERATION/identity_providers/{id} IamKeystoneDeleteIdentityProvider  Users of other services cannot log in here.
GET /v3/OS-FEDERATION/identity_providers/{id} IamKeystoneShowIdentityProvider  Users of other services cannot log in here.
PATCH /v3/OS-FEDERATION/identity_providers/{id} IamKeystoneUpdateIdentityProvider  Users of other services cannot log in here.
GET /v3/OS-FEDERATION/mappings IamKeystoneListMappings  Users of other services cannot log in here.
PUT /v3/OS-FEDERATION/mappings/{id} IamKeystoneCreateMapping  Users of other services cannot log in here.
DELETE /v3/OS-FEDERATION/mappings/{id} IamKeystoneDeleteMapping  Users of other services cannot log in here.
GET /v3/OS-FEDERATION/mappings/{id} IamKeystoneShowMapping  Users of other services cannot log in here.
PATCH /v3/OS-FEDERATION/mappings/{id} IamKeystoneUpdateMapping  Users of other services cannot log in here.
GET /v3/OS-FEDERATION/projects IamKeystoneListFederationProjects  Users of other services cannot log in here.
GET /v3/domains/{domain_id}/config/security_compliance IamKeystoneShowSecurityCompliance
GET /v3/domains/{domain_id}/config/security_compliance/{option} IamKeystoneShowSecurityComplianceByOption

GET /v5/account-summary IamV5AccountSummary  Use the third version.
GET,POST /v5/agencies IamV5Agencies  Use the third version.
DELETE,GET,PUT /v5/agencies/{path:path} IamV5AgenciesMore  Use the third version.
GET,PUT /v5/asymmetric-signature-switch IamV5AsymmetricSignatureSwitch  Use the third version.
GET /v5/authorization-schemas/{path:path} IamV5AuthorizationSchemasMore  Use the third version.
POST /v5/caller-password IamV5CallerPassword  Use the third version.
GET /v5/features/{path:path} IamV5FeaturesMore  Use the third version.
GET,POST /v5/groups IamV5Groups  Use the third version.
DELETE,GET,POST,PUT /v5/groups/{path:path} IamV5GroupsMore  Use the third version.
GET /v5/groups-summary IamV5GroupsSummary  Use the third version.
GET,PUT /v5/login-policy IamV5LoginPolicy  Use the third version.
GET /v5/mfa-devices IamV5MfaDevices  Use the third version.
POST /v5/mfa-devices/{path:path} IamV5MfaDevicesMore  Use the third version.
GET,POST /v5/oidc-providers IamV5OidcProviders  Use the third version.
DELETE,GET,POST,PUT /v5/oidc-providers/{path:path} IamV5OidcProvidersMore  Use the third version.
GET,PUT /v5/password-policy IamV5PasswordPolicy  Use the third version.
GET,POST /v5/policies IamV5Policies  Use the third version.
DELETE,GET,POST,PUT /v5/policies/{path:path} IamV5PoliciesMore  Use the third version.
GET,POST /v5/saml-providers IamV5SamlProviders  Use the third version.
DELETE,GET,PUT /v5/saml-providers/{path:path} IamV5SamlProvidersMore  Use the third version.
PUT /v5/service-linked-agencies IamV5ServiceLinkedAgencies  Use the third version.
DELETE,GET /v5/service-linked-agencies/{path:path} IamV5ServiceLinkedAgenciesMore  Use the third version.
GET /v5/service-principals IamV5ServicePrincipals  Use the third version.
GET /v5/service-specific-credentials IamV5ServiceSpecificCredentials  Use the third version.
GET /v5/service-specific-credentials/{path:path} IamV5ServiceSpecificCredentialsMore  Use the third version.
GET,POST /v5/users IamV5Users  Use the third version.
DELETE,GET,POST,PUT /v5/users/{path:path} IamV5UsersMore  Use the third version.
DELETE,POST /v5/virtual-mfa-devices IamV5VirtualMfaDevices  Use the third version.

GET /openid/v1/jwks ShowOpenidJwks  Ask on {cluster_id}.{host}.

GET,POST,PUT,PATCH,DELETE /api/v1/{path:path} ProxyKubernetesCore  Name the cluster: ask on {cluster_id}.{host}, or send X-Cluster-ID.
GET,POST,PUT,PATCH,DELETE /apis/{path:path} ProxyKubernetesGroups  Name the cluster: ask on {cluster_id}.{host}, or send X-Cluster-ID.
"""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """An operation that is known and refused."""

    methods: tuple[str, ...]
    path: str
    name: str
    advice: str


def _rows() -> Iterator[Unsupported]:
    for line in _TABLE.split("\n"):
        if line:
            operation, _, advice = line.partition("  ")
            methods, path, name = operation.split(" ")
            advice = advice or "see docs/reference/coverage.md for what this server has."
            yield Unsupported(tuple(methods.split(",")), path, name, f"{name}: {advice}")


UNSUPPORTED = tuple(_rows())
"""The table's rows, in the order in which paths are tried."""


def _refusing(advice: str) -> Callable[[Request], Awaitable[Response]]:
    async def refuse(request: Request) -> Response:
        raise in_dialect(ApiError(NOT_SUPPORTED, advice), request.url.path)

    return refuse


router = routes.Router(tags=["Unsupported"])
for _row in UNSUPPORTED:
    router.add(
        _row.methods,
        _row.path,
        _refusing(_row.advice),
        operation_id=_row.name,
        summary="Not supported",
        dependencies=[Depends(project_caller if "{project_id}" in _row.path else caller)],
        include_in_schema=False,
    )
