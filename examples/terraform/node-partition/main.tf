# A cluster that manages a distant zone, with a node and a pool there.
terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

data "huaweicloud_availability_zones" "all" {}

data "huaweicloud_compute_flavors" "small" {
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
  performance_type  = "normal"
  cpu_core_count    = 2
  memory_size       = 4
}

resource "huaweicloud_vpc" "this" {
  name = "node-partition"
  cidr = "192.168.0.0/16"
}

resource "huaweicloud_vpc_subnet" "nodes" {
  vpc_id            = huaweicloud_vpc.this.id
  name              = "partition-nodes"
  cidr              = cidrsubnet(huaweicloud_vpc.this.cidr, 4, 0)
  gateway_ip        = cidrhost(cidrsubnet(huaweicloud_vpc.this.cidr, 4, 0), 1)
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
}

resource "huaweicloud_vpc_subnet" "pods" {
  vpc_id            = huaweicloud_vpc.this.id
  name              = "partition-pods"
  cidr              = cidrsubnet(huaweicloud_vpc.this.cidr, 4, 1)
  gateway_ip        = cidrhost(cidrsubnet(huaweicloud_vpc.this.cidr, 4, 1), 1)
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
}

resource "huaweicloud_cce_cluster" "this" {
  name                         = "node-partition"
  flavor_id                    = "cce.s1.small"
  container_network_type       = "eni"
  vpc_id                       = huaweicloud_vpc.this.id
  subnet_id                    = huaweicloud_vpc_subnet.nodes.id
  eni_subnet_id                = huaweicloud_vpc_subnet.pods.ipv4_subnet_id
  enable_distribute_management = true
}

resource "huaweicloud_cce_partition" "this" {
  cluster_id           = huaweicloud_cce_cluster.this.id
  name                 = "edge"
  category             = "IES"
  public_border_group  = "group"
  partition_subnet_id  = huaweicloud_vpc_subnet.pods.id
  container_subnet_ids = [huaweicloud_vpc_subnet.pods.ipv4_subnet_id]
}

resource "huaweicloud_cce_node" "this" {
  cluster_id        = huaweicloud_cce_cluster.this.id
  name              = "edge-node"
  flavor_id         = data.huaweicloud_compute_flavors.small.flavors[0].id
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
  password          = "Not-4-real-password"
  partition         = huaweicloud_cce_partition.this.id

  root_volume {
    volumetype = "SSD"
    size       = 40
  }

  data_volumes {
    volumetype = "SSD"
    size       = 100
  }
}

resource "huaweicloud_cce_node_pool" "this" {
  cluster_id         = huaweicloud_cce_cluster.this.id
  name               = "edge-pool"
  type               = "vm"
  os                 = "EulerOS 2.9"
  flavor_id          = data.huaweicloud_compute_flavors.small.flavors[0].id
  availability_zone  = data.huaweicloud_availability_zones.all.names[0]
  initial_node_count = 1
  password           = "Not-4-real-password"
  partition          = huaweicloud_cce_partition.this.id

  root_volume {
    volumetype = "SSD"
    size       = 40
  }

  data_volumes {
    volumetype = "SSD"
    size       = 100
  }
}
