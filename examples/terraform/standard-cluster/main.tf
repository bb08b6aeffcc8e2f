# A cluster in a network of its own, with a public address.
terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

data "huaweicloud_availability_zones" "all" {}

resource "huaweicloud_vpc" "this" {
  name = "standard-cluster"
  cidr = "192.168.0.0/16"
}

resource "huaweicloud_vpc_subnet" "this" {
  vpc_id            = huaweicloud_vpc.this.id
  name              = "standard-cluster"
  cidr              = cidrsubnet(huaweicloud_vpc.this.cidr, 4, 0)
  gateway_ip        = cidrhost(cidrsubnet(huaweicloud_vpc.this.cidr, 4, 0), 1)
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
}

resource "huaweicloud_vpc_eip" "this" {
  publicip {
    type = "5_bgp"
  }

  bandwidth {
    name        = "standard-cluster"
    size        = 5
    share_type  = "PER"
    charge_mode = "traffic"
  }
}

resource "huaweicloud_cce_cluster" "this" {
  name                   = "standard-cluster"
  flavor_id              = "cce.s1.small"
  cluster_type           = "VirtualMachine"
  container_network_type = "overlay_l2"
  vpc_id                 = huaweicloud_vpc.this.id
  subnet_id              = huaweicloud_vpc_subnet.this.id
  eip                    = huaweicloud_vpc_eip.this.address
  description            = "One master and no nodes"

  tags = {
    owner = "me"
  }
}
