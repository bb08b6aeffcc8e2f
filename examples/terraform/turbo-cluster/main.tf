# A cluster whose pods are in a subnet of the VPC.
terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

data "huaweicloud_availability_zones" "all" {}

resource "huaweicloud_vpc" "this" {
  name = "turbo-cluster"
  cidr = "192.168.0.0/16"
}

resource "huaweicloud_vpc_subnet" "nodes" {
  vpc_id            = huaweicloud_vpc.this.id
  name              = "turbo-nodes"
  cidr              = cidrsubnet(huaweicloud_vpc.this.cidr, 4, 0)
  gateway_ip        = cidrhost(cidrsubnet(huaweicloud_vpc.this.cidr, 4, 0), 1)
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
}

resource "huaweicloud_vpc_subnet" "pods" {
  vpc_id            = huaweicloud_vpc.this.id
  name              = "turbo-pods"
  cidr              = cidrsubnet(huaweicloud_vpc.this.cidr, 4, 1)
  gateway_ip        = cidrhost(cidrsubnet(huaweicloud_vpc.this.cidr, 4, 1), 1)
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
}

resource "huaweicloud_vpc_eip" "this" {
  publicip {
    type = "5_bgp"
  }

  bandwidth {
    name        = "turbo-cluster"
    size        = 5
    share_type  = "PER"
    charge_mode = "traffic"
  }
}

resource "huaweicloud_cce_cluster" "this" {
  name                   = "turbo-cluster"
  flavor_id              = "cce.s1.small"
  cluster_type           = "VirtualMachine"
  container_network_type = "eni"
  vpc_id                 = huaweicloud_vpc.this.id
  subnet_id              = huaweicloud_vpc_subnet.nodes.id
  eni_subnet_id          = huaweicloud_vpc_subnet.pods.ipv4_subnet_id
  eip                    = huaweicloud_vpc_eip.this.address
}
