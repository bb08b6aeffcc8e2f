# A chart of the project, and its release in a cluster. Pack the chart first: tar -czf hello-0.1.0.tgz hello
terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

resource "huaweicloud_cce_chart" "hello" {
  content    = "hello-0.1.0.tgz"
  parameters = jsonencode({ override = true, skip_lint = true, source = "package" })
}

resource "huaweicloud_cce_cluster" "this" {
  name                   = "with-a-release"
  flavor_id              = "cce.s1.small"
  container_network_type = "vpc-router"
  vpc_id                 = "demo-vpc"
  subnet_id              = "demo-subnet"
}

resource "huaweicloud_cce_release" "hello" {
  cluster_id  = huaweicloud_cce_cluster.this.id
  chart_id    = huaweicloud_cce_chart.hello.id
  name        = "hello"
  namespace   = "default"
  version     = "0.1.0"
  values_json = jsonencode({ greeting = "Good morning" })
}

data "huaweicloud_cce_charts" "all" {
  depends_on = [huaweicloud_cce_chart.hello]
}

data "huaweicloud_cce_chart_values" "hello" {
  chart_id = huaweicloud_cce_chart.hello.id
}

data "huaweicloud_cce_releases" "all" {
  cluster_id = huaweicloud_cce_cluster.this.id
  depends_on = [huaweicloud_cce_release.hello]
}

data "huaweicloud_cce_release_history" "hello" {
  cluster_id = huaweicloud_cce_cluster.this.id
  name       = huaweicloud_cce_release.hello.name
  namespace  = "default"
}

data "huaweicloud_cce_addons" "all" {
  cluster_id = huaweicloud_cce_cluster.this.id
}
