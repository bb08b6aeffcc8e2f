# Nodes beside those that a pool makes: servers that exist already are taken in, into the cluster and into a pool,
# and let go again. Servers are taken on trust, by any id.
terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

resource "huaweicloud_kps_keypair" "this" {
  name = "node-care"
}

resource "huaweicloud_cce_cluster" "this" {
  name                   = "with-many-nodes"
  flavor_id              = "cce.s1.small"
  container_network_type = "vpc-router"
  vpc_id                 = "demo-vpc"
  subnet_id              = "demo-subnet"
}

resource "huaweicloud_cce_node_pool" "this" {
  cluster_id                = huaweicloud_cce_cluster.this.id
  name                      = "pool"
  flavor_id                 = "s6.large.2"
  availability_zone         = "cn-north-4a"
  os                        = "EulerOS 2.9"
  key_pair                  = huaweicloud_kps_keypair.this.name
  initial_node_count        = 1
  ignore_initial_node_count = true

  root_volume {
    size       = 40
    volumetype = "SAS"
  }

  data_volumes {
    size       = 100
    volumetype = "SAS"
  }
}

resource "huaweicloud_cce_node_pool_scale" "this" {
  cluster_id         = huaweicloud_cce_cluster.this.id
  nodepool_id        = huaweicloud_cce_node_pool.this.id
  scale_groups       = ["default"]
  desired_node_count = 2
}

resource "huaweicloud_cce_node_pool_nodes_add" "this" {
  cluster_id  = huaweicloud_cce_cluster.this.id
  nodepool_id = huaweicloud_cce_node_pool.this.id

  node_list {
    server_id = "5a5a5a5a-0000-4000-8000-000000000001"
  }

  depends_on = [huaweicloud_cce_node_pool_scale.this]
}

resource "huaweicloud_cce_node_attach" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
  server_id  = "5a5a5a5a-0000-4000-8000-000000000002"
  name       = "taken-in"
  os         = "EulerOS 2.9"
  key_pair   = huaweicloud_kps_keypair.this.name
}

resource "huaweicloud_cce_node_sync" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
  node_id    = huaweicloud_cce_node_attach.this.id
}

# New certificates for the cluster, and then for the node, which would not be trusted by the old ones.
resource "huaweicloud_cce_cluster_certificate_rotatecredentials" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
  component  = "all"

  depends_on = [huaweicloud_cce_node_sync.this, huaweicloud_cce_nodes_remove.this]
}

resource "huaweicloud_cce_nodes_certificate_rotatecredentials" "this" {
  cluster_id  = huaweicloud_cce_cluster.this.id
  api_version = "v3"
  kind        = "List"

  node_list {
    node_id = huaweicloud_cce_node_sync.this.node_id
  }

  depends_on = [huaweicloud_cce_cluster_certificate_rotatecredentials.this]
}

data "huaweicloud_cce_node" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
  name       = "taken-in"
  depends_on = [huaweicloud_cce_node_attach.this]
}

data "huaweicloud_cce_nodes" "all" {
  cluster_id = huaweicloud_cce_cluster.this.id
  depends_on = [huaweicloud_cce_node_attach.this, huaweicloud_cce_node_pool_nodes_add.this]
}

data "huaweicloud_cce_node_pool" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id
  name       = "pool"
  depends_on = [huaweicloud_cce_node_pool.this]
}

data "huaweicloud_cce_node_pools" "all" {
  cluster_id = huaweicloud_cce_cluster.this.id
  depends_on = [huaweicloud_cce_node_pool.this]
}

# The server that joined the pool leaves it again; afterwards nobody finds it, and nothing is to be done.
resource "huaweicloud_cce_nodes_remove" "this" {
  cluster_id = huaweicloud_cce_cluster.this.id

  nodes {
    uid = try([
      for each in data.huaweicloud_cce_nodes.all.nodes : each.id
      if each.server_id == "5a5a5a5a-0000-4000-8000-000000000001"
    ][0], "gone")
  }

  lifecycle {
    ignore_changes = [nodes]
  }
}
