# A cluster with the add-on that scales pools, whose custom values need two more.

terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

resource "huaweicloud_cce_cluster" "this" {
  name                   = "with-autoscaler"
  flavor_id              = "cce.s1.small"
  container_network_type = "overlay_l2"
  vpc_id                 = "with-autoscaler-vpc"
  subnet_id              = "with-autoscaler-subnet"
}

data "huaweicloud_cce_clusters" "by_name" {
  name = huaweicloud_cce_cluster.this.name
}

data "huaweicloud_cce_addon_template" "this" {
  cluster_id = data.huaweicloud_cce_clusters.by_name.clusters[0].id
  name       = "autoscaler"
  version    = "1.34.8"
}

data "huaweicloud_identity_projects" "this" {
  name = "cn-north-4"
}

locals {
  template = jsondecode(data.huaweicloud_cce_addon_template.this.spec)
}

resource "huaweicloud_cce_addon" "this" {
  cluster_id    = huaweicloud_cce_cluster.this.id
  template_name = data.huaweicloud_cce_addon_template.this.name
  version       = data.huaweicloud_cce_addon_template.this.version

  values {
    basic_json = jsonencode(local.template.basic)
    custom_json = jsonencode(merge(local.template.parameters.custom, {
      cluster_id = huaweicloud_cce_cluster.this.id
      tenant_id  = data.huaweicloud_identity_projects.this.projects[0].id
    }))
    flavor_json = jsonencode(local.template.parameters.flavor1)
  }
}
