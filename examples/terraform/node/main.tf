# A cluster with one node, whose flavor and key pair are looked up and made here.
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
  name = "with-a-node"
  cidr = "192.168.0.0/16"
}

resource "huaweicloud_vpc_subnet" "this" {
  vpc_id            = huaweicloud_vpc.this.id
  name              = "with-a-node"
  cidr              = cidrsubnet(huaweicloud_vpc.this.cidr, 4, 0)
  gateway_ip        = cidrhost(cidrsubnet(huaweicloud_vpc.this.cidr, 4, 0), 1)
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
}

resource "huaweicloud_vpc_eip" "this" {
  publicip {
    type = "5_bgp"
  }

  bandwidth {
    name        = "with-a-node"
    size        = 5
    share_type  = "PER"
    charge_mode = "traffic"
  }
}

resource "huaweicloud_kps_keypair" "this" {
  name = "with-a-node"
}

resource "huaweicloud_cce_cluster" "this" {
  name                   = "with-a-node"
  flavor_id              = "cce.s1.small"
  container_network_type = "vpc-router"
  vpc_id                 = huaweicloud_vpc.this.id
  subnet_id              = huaweicloud_vpc_subnet.this.id
  eip                    = huaweicloud_vpc_eip.this.address
}

resource "huaweicloud_cce_node" "this" {
  cluster_id        = huaweicloud_cce_cluster.this.id
  name              = "a-node"
  flavor_id         = data.huaweicloud_compute_flavors.small.flavors[0].id
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
  key_pair          = huaweicloud_kps_keypair.this.name

  root_volume {
    volumetype = "SSD"
    size       = 40
  }

  data_volumes {
    volumetype = "SSD"
    size       = 100
  }
}
