# What is inside a cluster: a namespace and a claim of storage in it, asked from the cluster's own Kubernetes API.
terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

resource "huaweicloud_cce_cluster" "this" {
  name                   = "with-a-claim"
  flavor_id              = "cce.s1.small"
  container_network_type = "vpc-router"
  vpc_id                 = "demo-vpc"
  subnet_id              = "demo-subnet"
}

resource "huaweicloud_cce_namespace" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
  name       = "team-a"
}

resource "huaweicloud_cce_pvc" "this" {
  cluster_id         = huaweicloud_cce_cluster.this.id
  namespace          = huaweicloud_cce_namespace.this.name
  name               = "data"
  storage_class_name = "csi-disk"
  access_modes       = ["ReadWriteOnce"]
  storage            = "10Gi"

  annotations = {
    "everest.io/disk-volume-type" = "SSD"
  }
}
