# A cluster with a pool of nodes whose disks are laid out.
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
  name = "with-a-pool"
  cidr = "192.168.0.0/16"
}

resource "huaweicloud_vpc_subnet" "this" {
  vpc_id            = huaweicloud_vpc.this.id
  name              = "with-a-pool"
  cidr              = cidrsubnet(huaweicloud_vpc.this.cidr, 4, 0)
  gateway_ip        = cidrhost(cidrsubnet(huaweicloud_vpc.this.cidr, 4, 0), 1)
  availability_zone = data.huaweicloud_availability_zones.all.names[0]
}

resource "huaweicloud_vpc_eip" "this" {
  publicip {
    type = "5_bgp"
  }

  bandwidth {
    name        = "with-a-pool"
    size        = 5
    share_type  = "PER"
    charge_mode = "traffic"
  }
}

resource "huaweicloud_kps_keypair" "this" {
  name = "with-a-pool"
}

resource "huaweicloud_cce_cluster" "this" {
  name                   = "with-a-pool"
  flavor_id              = "cce.s1.small"
  container_network_type = "vpc-router"
  vpc_id                 = huaweicloud_vpc.this.id
  subnet_id              = huaweicloud_vpc_subnet.this.id
  eip                    = huaweicloud_vpc_eip.this.address
}

resource "huaweicloud_cce_node_pool" "this" {
  cluster_id               = huaweicloud_cce_cluster.this.id
  type                     = "vm"
  name                     = "a-pool"
  flavor_id                = data.huaweicloud_compute_flavors.small.flavors[0].id
  availability_zone        = data.huaweicloud_availability_zones.all.names[0]
  os                       = "EulerOS 2.9"
  key_pair                 = huaweicloud_kps_keypair.this.name
  initial_node_count       = 2
  min_node_count           = 2
  max_node_count           = 10
  scale_down_cooldown_time = 10
  priority                 = 1

  tags = {
    owner = "me"
  }

  root_volume {
    volumetype = "SSD"
    size       = 40
  }

  data_volumes {
    volumetype = "SSD"
    size       = 100
  }

  data_volumes {
    volumetype = "SSD"
    size       = 200
  }

  storage {
    selectors {
      name                           = "cceUse"
      type                           = "evs"
      match_label_volume_type        = "SSD"
      match_label_size               = "100"
      match_label_count              = "1"
      match_label_metadata_encrypted = "0"
    }

    selectors {
      name                           = "user1"
      type                           = "evs"
      match_label_volume_type        = "SSD"
      match_label_size               = "200"
      match_label_count              = "1"
      match_label_metadata_encrypted = "0"
    }

    groups {
      name           = "vgpaas"
      cce_managed    = true
      selector_names = ["cceUse"]

      virtual_spaces {
        name        = "kubernetes"
        size        = "10%"
        lvm_lv_type = "linear"
      }

      virtual_spaces {
        name            = "runtime"
        size            = "90%"
        runtime_lv_type = "linear"
      }
    }

    groups {
      name           = "vguser1"
      selector_names = ["user1"]

      virtual_spaces {
        name        = "user"
        size        = "100%"
        lvm_lv_type = "linear"
        lvm_path    = "/workspace"
      }
    }
  }
}
