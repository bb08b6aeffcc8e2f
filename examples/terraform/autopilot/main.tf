# A cluster without nodes (Autopilot), with everything that the provider has for it. Pack the chart first, as in
# ../charts: tar -czf greeting-0.1.0.tgz greeting
terraform {
  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
    }
  }
}

resource "huaweicloud_cce_autopilot_cluster" "this" {
  name    = "without-nodes"
  flavor  = "cce.autopilot.cluster"
  version = "v1.31"

  host_network {
    vpc    = "demo-vpc"
    subnet = "demo-subnet"
  }

  container_network {
    mode = "eni"
  }

  eni_network {
    subnets {
      subnet_id = "demo-subnet"
    }
  }

  lifecycle {
    ignore_changes = [version] # the upgrade below changes it
  }
}

resource "huaweicloud_cce_autopilot_cluster_upgrade" "this" {
  cluster_id     = huaweicloud_cce_autopilot_cluster.this.id
  target_version = "v1.32"

  strategy {
    type = "inPlaceRollingUpdate"

    in_place_rolling_update {
      user_defined_step = 20
    }
  }

  depends_on = [
    huaweicloud_cce_autopilot_addon.this,
    huaweicloud_cce_autopilot_release.greeting,
  ]
}

resource "huaweicloud_cce_autopilot_addon" "this" {
  cluster_id          = huaweicloud_cce_autopilot_cluster.this.id
  addon_template_name = "metrics-server"

  values = {
    basic = jsonencode({})
  }
}

resource "huaweicloud_cce_autopilot_chart" "greeting" {
  content    = "greeting-0.1.0.tgz"
  parameters = jsonencode({ override = true, skip_lint = true, source = "package" })
}

resource "huaweicloud_cce_autopilot_release" "greeting" {
  cluster_id = huaweicloud_cce_autopilot_cluster.this.id
  chart_id   = huaweicloud_cce_autopilot_chart.greeting.id
  name       = "greeting"
  namespace  = "default"
  version    = "0.1.0"

  values {
    image_tag         = "v1"
    image_pull_policy = "IfNotPresent"
  }
}

resource "huaweicloud_cce_image_cache" "this" {
  name             = "busybox"
  images           = ["busybox:latest"]
  image_cache_size = 20
  retention_days   = 7

  building_config {
    cluster = huaweicloud_cce_autopilot_cluster.this.id
  }

  depends_on = [huaweicloud_cce_autopilot_cluster_upgrade.this]
}

data "huaweicloud_cce_image_caches" "all" {
  depends_on = [huaweicloud_cce_image_cache.this]
}

data "huaweicloud_cce_autopilot_clusters" "all" {
  depends_on = [huaweicloud_cce_autopilot_cluster.this]
}

data "huaweicloud_cce_autopilot_cluster_certificate" "this" {
  cluster_id = huaweicloud_cce_autopilot_cluster.this.id
  duration   = 30
}

data "huaweicloud_cce_autopilot_cluster_log_configs" "this" {
  cluster_id = huaweicloud_cce_autopilot_cluster.this.id
}

data "huaweicloud_cce_autopilot_cluster_upgrade_info" "this" {
  cluster_id = huaweicloud_cce_autopilot_cluster.this.id
}

data "huaweicloud_cce_autopilot_addons" "all" {
  cluster_id = huaweicloud_cce_autopilot_cluster.this.id
  depends_on = [huaweicloud_cce_autopilot_addon.this]
}

data "huaweicloud_cce_autopilot_addon_templates" "all" {}

data "huaweicloud_cce_autopilot_charts" "all" {
  depends_on = [huaweicloud_cce_autopilot_chart.greeting]
}

data "huaweicloud_cce_autopilot_chart_values" "greeting" {
  chart_id = huaweicloud_cce_autopilot_chart.greeting.id
}

data "huaweicloud_cce_autopilot_releases" "all" {
  cluster_id = huaweicloud_cce_autopilot_cluster.this.id
  depends_on = [huaweicloud_cce_autopilot_release.greeting]
}

data "huaweicloud_cce_autopilot_release_history" "greeting" {
  cluster_id = huaweicloud_cce_autopilot_cluster.this.id
  name       = huaweicloud_cce_autopilot_release.greeting.name
  namespace  = "default"
}
