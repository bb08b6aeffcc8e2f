# What stands around clusters: a project, a user with a key, a group with roles, an agency.
terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

locals {
  region = "cn-north-4"
}

resource "huaweicloud_identity_project" "staging" {
  name        = "${local.region}_staging"
  description = "Clusters that may break"
}

resource "huaweicloud_identity_user" "deployer" {
  name        = "deployer"
  password    = "Pick-An0ther-1"
  description = "Deploys from CI"
  email       = "ci@example.test"
}

resource "huaweicloud_identity_access_key" "deployer" {
  user_id     = huaweicloud_identity_user.deployer.id
  description = "The key of CI"
  secret_file = "${path.module}/deployer.csv"
}

resource "huaweicloud_identity_group" "operators" {
  name        = "operators"
  description = "May change clusters"
}

resource "huaweicloud_identity_group_membership" "operators" {
  group = huaweicloud_identity_group.operators.id
  users = [huaweicloud_identity_user.deployer.id]
}

data "huaweicloud_identity_role" "clusters" {
  display_name = "CCE Administrator"
}

data "huaweicloud_identity_users" "all" {
  depends_on = [huaweicloud_identity_user.deployer]
}

data "huaweicloud_identity_group" "operators" {
  id = huaweicloud_identity_group_membership.operators.group
}

resource "huaweicloud_identity_group_role_assignment" "staging" {
  group_id   = huaweicloud_identity_group.operators.id
  role_id    = data.huaweicloud_identity_role.clusters.id
  project_id = huaweicloud_identity_project.staging.id
}

resource "huaweicloud_identity_group_role_assignment" "everywhere" {
  group_id   = huaweicloud_identity_group.operators.id
  role_id    = data.huaweicloud_identity_role.clusters.id
  project_id = "all"
}

resource "huaweicloud_identity_group_role_assignment" "domain" {
  group_id  = huaweicloud_identity_group.operators.id
  role_id   = data.huaweicloud_identity_role.clusters.id
  domain_id = data.huaweicloud_identity_group.operators.domain_id
}

resource "huaweicloud_identity_agency" "storage" {
  name                   = "storage"
  description            = "Lets the service of disks work for us"
  delegated_service_name = "op_svc_evs"
  duration               = "ONEDAY"
  domain_roles           = ["OBS OperateAccess"]
  all_resources_roles    = ["CCE ReadOnlyAccess"]

  project_role {
    project = huaweicloud_identity_project.staging.name
    roles   = ["EVS FullAccess"]
  }
}

data "huaweicloud_identity_agencies" "of_clusters" {
  name = "cce_admin_trust"
}

output "users" {
  value = [for user in data.huaweicloud_identity_users.all.users : user.name]
}

output "trusted" {
  value = data.huaweicloud_identity_agencies.of_clusters.agencies[0].trust_domain_name
}
