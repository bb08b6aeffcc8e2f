# A cluster whose DNS is an add-on with the values of its template.

terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

resource "huaweicloud_cce_cluster" "this" {
  name                   = "with-coredns"
  flavor_id              = "cce.s1.small"
  container_network_type = "overlay_l2"
  vpc_id                 = "with-coredns-vpc"
  subnet_id              = "with-coredns-subnet"

  # Without this a new cluster has coredns already, and nobody can make it again.
  annotations = {
    "cluster.install.addons/install" = jsonencode([{ addonTemplateName = "everest" }])
  }
}

data "huaweicloud_cce_clusters" "by_name" {
  name = huaweicloud_cce_cluster.this.name
}

data "huaweicloud_cce_addon_template" "this" {
  cluster_id = data.huaweicloud_cce_clusters.by_name.clusters[0].id
  name       = "coredns"
  version    = "1.30.33"
}

locals {
  template = jsondecode(data.huaweicloud_cce_addon_template.this.spec)
}

resource "huaweicloud_cce_addon" "this" {
  cluster_id    = huaweicloud_cce_cluster.this.id
  template_name = data.huaweicloud_cce_addon_template.this.name
  version       = data.huaweicloud_cce_addon_template.this.version

  values {
    basic_json  = jsonencode(local.template.basic)
    custom_json = jsonencode(local.template.parameters.custom)
    flavor_json = jsonencode(local.template.parameters.flavor1)
  }
}
