# A cluster and all that is said about it: who may do what in it, its logs, its certificates, its options, the
# identities of its pods, and its upgrade. The network is a name: networks are taken on trust.
terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

data "huaweicloud_identity_users" "all" {}

data "huaweicloud_cce_flavor_specifications" "all" {
  cluster_type = "VirtualMachine"
}

resource "huaweicloud_cce_cluster" "this" {
  name                   = "cared-for"
  flavor_id              = "cce.s1.small"
  cluster_version        = "v1.31"
  container_network_type = "vpc-router"
  vpc_id                 = "demo-vpc"
  subnet_id              = "demo-subnet"

  lifecycle {
    ignore_changes = [cluster_version] # the upgrade below changes it
  }
}

resource "huaweicloud_cce_access_policy" "this" {
  name        = "read-default"
  clusters    = [huaweicloud_cce_cluster.this.id]
  policy_type = "CCEViewPolicy"

  access_scope {
    namespaces = ["default"]
  }

  principal {
    type = "user"
    ids  = [data.huaweicloud_identity_users.all.users[0].id]
  }
}

resource "huaweicloud_cce_cluster_log_config" "this" {
  cluster_id  = huaweicloud_cce_cluster.this.id
  ttl_in_days = 3

  log_configs {
    name   = "kube-apiserver"
    enable = true
  }

  log_configs {
    name   = "audit"
    enable = true
  }
}

resource "huaweicloud_cce_cluster_pod_identity_association" "this" {
  cluster_id      = huaweicloud_cce_cluster.this.id
  namespace       = "default"
  service_account = "default"
  agency_name     = "read-only"
}

resource "huaweicloud_cce_cluster_upgrade" "this" {
  cluster_id     = huaweicloud_cce_cluster.this.id
  target_version = "v1.32"

  strategy {
    type = "inPlaceRollingUpdate"

    in_place_rolling_update {
      user_defined_step = 20
    }
  }

  depends_on = [huaweicloud_cce_access_policy.this, huaweicloud_cce_cluster_log_config.this]
}

# Taken away: whatever was signed for this user is worth nothing any more.
resource "huaweicloud_cce_cluster_certificate_revoke" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
  user_id    = data.huaweicloud_identity_users.all.users[0].id

  depends_on = [huaweicloud_cce_cluster_upgrade.this]
}

data "huaweicloud_cce_cluster" "this" {
  name       = huaweicloud_cce_cluster.this.name
  depends_on = [huaweicloud_cce_cluster.this]
}

data "huaweicloud_cce_clusters" "this" {
  name       = huaweicloud_cce_cluster.this.name
  depends_on = [huaweicloud_cce_cluster.this]
}

data "huaweicloud_cce_access_policies" "all" {
  depends_on = [huaweicloud_cce_access_policy.this]
}

data "huaweicloud_cce_cluster_certificate" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
  duration   = 30
}

data "huaweicloud_cce_cluster_configurations" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
}

data "huaweicloud_cce_cluster_configuration_details" "all" {}

data "huaweicloud_cce_cluster_upgrade_info" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
}

data "huaweicloud_cce_cluster_openid_jwks" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
}

data "huaweicloud_cce_cluster_pod_identity_associations" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
  depends_on = [huaweicloud_cce_cluster_pod_identity_association.this]
}
