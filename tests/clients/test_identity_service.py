"""The official SDK of the identity service manages what stands around clusters."""

from uuid import uuid4

import pytest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkiam import v3 as sdk

from tests.server_process import ServerProcess

pytestmark = pytest.mark.clients


def client(server: ServerProcess, access_key: str, secret_key: str) -> sdk.IamClient:
    """A client of the SDK, for the whole domain as the SDK has it."""
    credentials = GlobalCredentials(access_key, secret_key, server.credentials["domain_id"])
    builder = sdk.IamClient.new_builder().with_credentials(credentials)
    config = HttpConfig(ignore_ssl_verification=True)
    return builder.with_endpoints([server.endpoint]).with_http_config(config).build()


@pytest.fixture
def iam(live_server: ServerProcess) -> sdk.IamClient:
    """The administrator's client."""
    account = live_server.credentials
    return client(live_server, account["access_key"], account["secret_key"])


def test_a_new_user_signs_with_the_key_that_it_was_given(
    iam: sdk.IamClient, live_server: ServerProcess
) -> None:
    name, domain = f"sdk-{uuid4().hex[:8]}", live_server.credentials["domain_id"]
    asked = sdk.CreateUserOption(name=name, domain_id=domain, email="ci@example.test")
    body = sdk.CreateUserRequestBody(user=asked)
    user = iam.create_user(sdk.CreateUserRequest(body=body)).user
    option = sdk.CreateCredentialOption(user_id=user.id, description="of the SDK")
    wanted = sdk.CreatePermanentAccessKeyRequestBody(credential=option)
    request = sdk.CreatePermanentAccessKeyRequest(body=wanted)
    key = iam.create_permanent_access_key(request).credential

    own = client(live_server, key.access, key.secret)
    listed = own.list_permanent_access_keys(sdk.ListPermanentAccessKeysRequest())
    projects = own.keystone_list_auth_projects(sdk.KeystoneListAuthProjectsRequest())
    shown = iam.show_user(sdk.ShowUserRequest(user_id=user.id)).user
    iam.keystone_delete_user(sdk.KeystoneDeleteUserRequest(user_id=user.id))

    assert [one.access for one in listed.credentials] == [key.access]
    assert live_server.credentials["project_id"] in {one.id for one in projects.projects}
    assert (shown.name, shown.email, shown.enabled) == (name, "ci@example.test", True)
    with pytest.raises(ClientRequestException) as refusal:
        own.list_permanent_access_keys(sdk.ListPermanentAccessKeysRequest())
    assert refusal.value.status_code == 401


def test_groups_projects_and_agencies_are_kept(
    iam: sdk.IamClient, live_server: ServerProcess
) -> None:
    name, domain = f"sdk-{uuid4().hex[:8]}", live_server.credentials["domain_id"]
    option = sdk.KeystoneCreateGroupOption(name=name, description="of the SDK")
    asked = sdk.KeystoneCreateGroupRequestBody(group=option)
    group = iam.keystone_create_group(sdk.KeystoneCreateGroupRequest(body=asked)).group
    wanted = sdk.KeystoneCreateProjectOption(name=f"cn-north-4_{name}")
    body = sdk.KeystoneCreateProjectRequestBody(project=wanted)
    project = iam.keystone_create_project(sdk.KeystoneCreateProjectRequest(body=body)).project
    trust = sdk.CreateAgencyOption(
        name=name, domain_id=domain, trust_domain_name="op_svc_evs", duration="ONEDAY"
    )
    agency_body = sdk.CreateAgencyRequestBody(agency=trust)
    agency = iam.create_agency(sdk.CreateAgencyRequest(body=agency_body)).agency
    named = sdk.KeystoneListPermissionsRequest(display_name="CCE Administrator")
    [role] = iam.keystone_list_permissions(named).roles
    where = {"project_id": project.id, "agency_id": agency.id}
    given = sdk.AssociateAgencyWithProjectPermissionRequest(role_id=role.id, **where)
    iam.associate_agency_with_project_permission(given)

    found = iam.list_project_permissions_for_agency(
        sdk.ListProjectPermissionsForAgencyRequest(**where)
    )
    details = iam.show_project_details_and_status(
        sdk.ShowProjectDetailsAndStatusRequest(project_id=project.id)
    )
    iam.keystone_delete_group(sdk.KeystoneDeleteGroupRequest(group_id=group.id))
    iam.delete_agency(sdk.DeleteAgencyRequest(agency_id=agency.id))

    assert [one.id for one in found.roles] == [role.id]
    assert (details.project.status, agency.duration) == ("normal", "24")
    with pytest.raises(ClientRequestException) as refusal:
        iam.show_agency(sdk.ShowAgencyRequest(agency_id=agency.id))
    assert (refusal.value.status_code, refusal.value.error_code) == (404, "IAM.0004")


def test_what_is_not_there_says_so_by_name(iam: sdk.IamClient) -> None:
    with pytest.raises(ServerResponseException) as refusal:
        iam.list_custom_policies(sdk.ListCustomPoliciesRequest())

    assert (refusal.value.status_code, refusal.value.error_code) == (501, "IAM.0501")
    assert "IamListCustomPolicies" in refusal.value.error_msg
