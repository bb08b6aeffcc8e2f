"""What the templates of add-ons hold: the values that an install may send back, as data.

Autoscaler has every key that the examples of Terraform read (API reference, 7.1).
"""

from collections.abc import Mapping

from clusterwright.cce.addons.inputs import (
    CHOSEN,
    PLACED,
    Content,
    Json,
    alone,
    basic,
    by_size,
    empty,
    flavor,
    resource,
)


def _dns_plugin(name: str, parameters: str | int = "", block: str = "") -> Json:
    plugin: Json = {"name": name}
    if parameters != "":
        plugin["parameters"] = parameters
    return plugin | ({"configBlock": block} if block else {})


_DNS_SERVER = {
    "port": 5353,
    "zones": [{"zone": "."}],
    "plugins": [
        _dns_plugin("bind", "{$POD_IP}"),
        _dns_plugin("cache", 30, "servfail 5s"),
        _dns_plugin("errors"),
        _dns_plugin("health", "{$POD_IP}:8080"),
        _dns_plugin("ready", "{$POD_IP}:8081"),
        _dns_plugin(
            "kubernetes",
            "cluster.local in-addr.arpa ip6.arpa",
            "pods insecure\nfallthrough in-addr.arpa ip6.arpa",
        ),
        _dns_plugin("loadbalance", "round_robin"),
        _dns_plugin("prometheus", "{$POD_IP}:9153"),
        _dns_plugin("forward", ". /etc/resolv.conf", "policy random"),
        _dns_plugin("reload"),
    ],
}


def _everest(controller: str, driver: str) -> tuple[Json, ...]:
    return (
        resource("everest-csi-controller", controller),
        resource("everest-csi-driver", driver),
    )


def _dns(queries: int, replicas: int, takes: str, size: str) -> Json:
    return flavor(queries, replicas, resource("coredns", takes), size=size)


def _tier(*plugins: Json) -> Json:
    return {"plugins": list(plugins)}


_SCHEDULER_CONF = {
    "actions": "allocate, backfill",
    "metrics": {"interval": "30s", "type": ""},
    "tiers": [
        _tier(
            {"name": "priority"},
            {"name": "gang", "enableJobStarving": False, "enablePreemptable": False},
            {"name": "conformance"},
        ),
        _tier(
            {"name": "drf", "enablePreemptable": False},
            {"name": "predicates"},
            {"name": "nodeorder"},
        ),
        _tier(
            {"name": "cce-gpu-topology-predicate"},
            {"name": "cce-gpu-topology-priority"},
            {"name": "xgpu"},
        ),
        _tier(
            {"name": "nodelocalvolume"},
            {"name": "nodeemptydirvolume"},
            {"name": "nodeCSIscheduling"},
            {"name": "networkresource"},
        ),
    ],
}

_AUTOSCALER: Json = PLACED | {
    "agencyConfigurations": [{"agencyName": "", "module": "cluster-autoscaler"}],
    "alwaysSkipNodesWithSystemPods": True,
    "cluster_id": "",
    "coresTotal": 32000,
    "daemonSetEvictionForEmptyNodes": False,
    "daemonSetEvictionForOccupiedNodes": True,
    "expander": "priority,least-waste",
    "ignoreDaemonSetsUtilization": False,
    "ignoreLocalVolumeNodeAffinity": False,
    "initialNodeGroupBackoffDuration": "5m",
    "localVolumeNodeScalingEnabled": False,
    "logLevel": 4,
    "maxDrainParallelism": 2,
    "maxEmptyBulkDeleteFlag": 10,
    "maxGracefulTerminationFlag": 600,
    "maxNodeGroupBackoffDuration": "30m",
    "maxNodeGroupBinPackingDuration": "10s",
    "maxNodeProvisionTime": 15,
    "maxNodesTotal": 1000,
    "maxScaleDownParallelism": 10,
    "memoryTotal": 128000,
    "networkMode": "",
    "newEphemeralVolumesPodScaleUpDelay": 10,
    "parallelDrain": False,
    "podDisruptionBudget": {"create": True, "maxUnavailable": 1},
    "resetUnNeededWhenScaleUp": False,
    "scaleDownDelayAfterAdd": 10,
    "scaleDownDelayAfterDelete": 10,
    "scaleDownDelayAfterFailure": 3,
    "scaleDownEnabled": False,
    "scaleDownUnneededTime": 10,
    "scaleDownUtilizationThreshold": 0.5,
    "scaleUpCpuUtilizationThreshold": 1,
    "scaleUpMemUtilizationThreshold": 1,
    "scaleUpUnscheduledPodEnabled": True,
    "scaleUpUtilizationEnabled": True,
    "scanInterval": "10s",
    "skipNodesWithCustomControllerPods": True,
    "tenant_id": "",
    "unremovableNodeRecheckTimeout": 5,
}

_EVEREST: Json = (
    PLACED
    | empty("cluster_id cluster_name default_vpc_id project_id")
    | {
        "csi_attacher_detach_worker_threads": "60",
        "csi_attacher_worker_threads": "60",
        "disable_auto_mount_secret": False,
        "enable_node_attacher": False,
        "flow_control": {},
        "number_of_reserved_disks": "6",
        "over_subscription": "80",
        "volume_attaching_flow_ctrl": "0",
    }
)

_INGRESS: Json = PLACED | {
    "admissionWebhooks": {"enabled": False},
    "config": {"keep-alive-requests": "100"},
    "defaultBackend": {"enabled": True},
    "defaultBackendService": "",
    "extraArgs": {"default-ssl-certificate": ""},
    "headers": {},
    "ingressClass": "nginx",
    "metrics": {"enabled": False, "excludeSocketMetrics": False},
    "namespace": "kube-system",
    "service": {
        "annotations": {"kubernetes.io/elb.class": "union", "kubernetes.io/elb.id": ""},
        "loadBalancerIP": "",
    },
    "tcp": {},
    "udp": {},
}

_GPU: Json = {
    "annotations": {},
    "compatible_with_legacy_api": False,
    "component_schedulername": "default-scheduler",
    "disable_mount_path_v1": False,
    "disable_nvidia_gsp": True,
    "driver_mount_paths": "bin,lib64",
    "enable_fault_isolation": True,
    "enable_health_monitoring": True,
    "enable_metrics_monitoring": True,
    "enable_simple_lib64_mount": True,
    "enable_xgpu": False,
    "gpu_driver_config": {},
    "health_check_xids_v2": "74,79",
    "is_driver_from_nvidia": True,
    "metrics_delete_interval": 30000,
    "metrics_monitor_interval": 15000,
    "nvidia_driver_download_url": "",
}

_COLLECTOR: Json = (
    PLACED
    | empty(
        "aom_app_key aom_app_secret aom_instance_id aom_project_id basic_auth_password_third"
        " basic_auth_username_third bearer_token "
        "cluster clusterId projectId region url_third"
    )
    | {
        "aom_auth_type": "Bearer",
        "aom_enable": False,
        "deploy_mode": "agent",
        "enable_custom_metrics": False,
        "enable_grafana": False,
        "enable_nodeAffinity": False,
        "enablethird": False,
        "highAvailability": False,
        "retention": "1d",
        "scrapeInterval": "15s",
        "shards": 1,
        "storage_class": "csi-disk-topology",
        "storage_size": "10Gi",
        "storage_type": "SAS",
        "supportServerModeSharding": True,
    }
)

_LOGS: Json = empty(
    "accessKey secretKey securityToken aomEndpoint aomPrivateEndpointIP caCert serverCert serverKey"
    " clusterID clusterName ltsAccessEndpoint ltsEndpoint ltsGroupID ltsAuditStreamID"
    " ltsEventStreamID ltsStdoutStreamID ltsKubeApiserverStreamID ltsKubeControllerManagerStreamID"
    " ltsKubeSchedulerStreamID ltsLogReportDomain ltsPrivateEndpointIP projectID"
) | {
    "cluster_category": "CCE",
    "createAudit": False,
    "createDefaultEvent": False,
    "createDefaultEventToAOM": True,
    "createDefaultStdout": False,
    "createKubeApiserver": False,
    "createKubeControllerManager": False,
    "createKubeScheduler": False,
    "multiAZEnabled": False,
    "paasakskEnable": True,
}


def _collector(name: str) -> Json:
    return flavor(
        name,
        1,
        resource("prometheusOperator", "100m/100Mi", "500m/500Mi"),
        resource("prometheus", "500m/500Mi", "4/8Gi"),
        resource("kubeStateMetrics", "200m/200Mi", "500m/500Mi"),
        resource("nodeExporter", "200m/100Mi", "500m/1Gi"),
    ) | {"deploy_mode": name.partition("-")[0].lower()}


def _logs(name: str, replicas: int) -> Json:
    return flavor(
        name,
        replicas,
        resource("fluent-bit", "100m/200Mi", "500m/500Mi"),
        resource("cop-logs", "100m/100Mi", "1/500Mi"),
        resource("log-operator", "100m/100Mi", "500m/500Mi"),
        resource("otel-collector", "200m/1Gi", "1/2Gi"),
    )


CONTENTS: Mapping[str, Content] = {
    "autoscaler": Content(
        basic("cceEndpoint", "ecsEndpoint", region="{region}", platform="linux-amd64"),
        _AUTOSCALER,
        by_size(
            "HA",
            *(
                (resource("autoscaler", takes),)
                for takes in ("1000m/1000Mi", "4000m/2000Mi", "8000m/8000Mi", "8000m/8000Mi")
            ),
        ),
        needs_custom=True,
    ),
    "cce-hpa-controller": Content(
        basic(), PLACED, alone(resource("customedhpa-controller", "100m/300Mi"))
    ),
    "cie-collector": Content(
        basic("aom_endpoint", "aom_url", region_id="{region}"),
        _COLLECTOR,
        tuple(
            _collector(f"{mode}-{size}")
            for mode in ("Agent", "Server")
            for size in ("Default", "Small", "Medium", "Large")
        ),
    ),
    "coredns": Content(
        basic(cluster_ip="10.247.3.10"),
        PLACED
        | {
            "parameterSyncStrategy": "ensureConsistent",
            "servers": [_DNS_SERVER],
            "stub_domains": {},
            "upstream_nameservers": [],
        },
        (
            _dns(2500, 2, "500m/512Mi", "small"),
            _dns(5000, 2, "1000m/1024Mi", "medium"),
            _dns(10000, 2, "2000m/2048Mi", "large"),
            _dns(20000, 4, "2000m/2048Mi", "xlarge"),
        ),
    ),
    "dew-provider": Content(
        basic("dewEndpoint", region="{region}", dew_provider_image_version="{version}"),
        {
            "agency_name": "",
            "aksk_secret_name": "paas.elb",
            "driver_writes_secrets": False,
            "get_version_burst": 5,
            "get_version_qps": 5,
            "project_id": "",
            "rotation_poll_interval": "2m",
        },
        alone(resource("dew-provider", "50m/100Mi", "100m/200Mi")),
    ),
    "everest": Content(
        basic(
            *("bms_url", "ecsEndpoint", "evs_url", "iam_url", "ims_url", "obs_url"),
            *("sfs30_url", "sfs_turbo_url", "sfs_url"),
            driver_init_image_version="{version}",
            everest_image_version="{version}",
            platform="linux-amd64",
            supportHcs=False,
        ),
        _EVEREST,
        by_size(
            "HA",
            _everest("250m/600Mi", "300m/300Mi"),
            _everest("250m/1Gi", "300m/300Mi"),
            _everest("350m/2Gi", "500m/600Mi"),
            _everest("550m/4Gi", "800m/900Mi"),
        ),
    ),
    "gpu-beta": Content(
        basic(
            "obs_url",
            region="{region}",
            device_version="{version}",
            driver_version="{version}",
        ),
        _GPU,
        alone(resource("nvidia-driver-installer", "100m/300Mi")),
    ),
    "icagent": Content(basic(), {"logSwitch": "false", "tDSEnable": "true"}, ()),
    "log-agent": Content(
        basic("aomEndpoint", "iam_url", "ltsAccessEndpoint", "ltsEndpoint", region="{region}"),
        _LOGS,
        (_logs("Low", 1), _logs("High", 2)),
    ),
    "metrics-server": Content(
        basic(image_version="v0.6.2"),
        PLACED,
        alone(resource("metrics-server", "100m/300Mi", "1000m/1000Mi")),
    ),
    "nginx-ingress": Content(
        basic(tag="{version}"),
        _INGRESS,
        alone(resource("nginx-ingress", "500m/500Mi")),
    ),
    "node-local-dns": Content(
        basic(),
        PLACED
        | {
            "enable_dnsconfig_admission": True,
            "enable_namespace_admission": True,
            "healthPort": 8080,
        },
        alone(
            resource("node-local-dns-admission-controller", "100m/200Mi", "500m/500Mi"),
            resource("node-local-dns-cache", "100m/100Mi", "500m/200Mi"),
        ),
    ),
    "npd": Content(
        basic(),
        PLACED | {"common": {}, "feature_gates": "", "npc": {"maxTaintedNode": "10%"}},
        (
            flavor(
                CHOSEN,
                2,
                resource("node-problem-controller", "30m/100Mi", "100m/300Mi"),
                resource("node-problem-detector", "30m/100Mi", "100m/300Mi"),
            ),
        ),
    ),
    "volcano": Content(
        basic("ecsEndpoint", platform="linux-amd64"),
        PLACED
        | {
            "colocation_enable": "",
            "default_scheduler_conf": _SCHEDULER_CONF,
            "deschedulerPolicy": {},
            "descheduler_enable": "",
            "deschedulingInterval": "10m",
            "enable_workload_balancer": False,
            "oversubscription_ratio": 60,
            "recommendation_enable": "",
        },
        alone(
            resource("volcano-scheduler", "500m/500Mi", "2000m/2000Mi"),
            resource("volcano-controller", "500m/500Mi", "2000m/2000Mi"),
            resource("volcano-admission", "200m/500Mi", "500m/500Mi"),
        ),
    ),
}
"""The contents of every template by its name; all versions of one have the same."""
