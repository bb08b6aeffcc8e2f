"""What an official SDK does not have in the version that is pinned here, though Python's does.

The tests leave these out, count them as skipped, and fail when an SDK has gained one of them.
"""

_NOT_IN_JAVA = """
    AssumeAgencyForPodIdentity BatchChangeNodeToPeriod BatchCreateAddonPrecheck CreateAccessPolicy
    CreateAutopilotMaintenanceWindow CreatePodIdentityAssociation DeleteAccessPolicy
    DeleteAutopilotJob DeleteAutopilotMaintenanceWindow DeletePodIdentityAssociation
    GetAccessPolicy GetAutopilotOneJob GetAvaliableZone GetClusterFlavorSpecs
    GetClusterLongAkskConfig GetClusterQuota GetCustomizeTags GetLabels GetLongAkskConfig
    GetResourceTags InplaceMigrateNode ListAccessPolicy ListAddonPrecheckTasks ListAutopilotJobs
    ListAutopilotUpgradePlans ListHyperNodes ListPodIdentityAssociations LockNodepoolNodeScaleDown
    MigrateToNodePool RotateClusterCredentials RotateNodeCert ShowAutopilotClusterConfig
    ShowAutopilotFeatureGates ShowAutopilotMaintenanceWindow ShowFeatureGates
    ShowPodIdentityAssociation UnlockNodepoolNodeScaleDown UpdateAccessPolicy
    UpdateAutopilotMaintenanceWindow UpdateAutopilotUpgradePlan UpdateClusterLongAkskConfig
    UpdateLongAkskConfig UpdatePodIdentityAssociation
"""
_NOT_IN_NODE = """
    AddNodesToNodePool AssumeAgencyForPodIdentity BatchChangeNodeToPeriod BatchCreateAddonPrecheck
    BatchCreateAutopilotClusterTags BatchCreateClusterTags BatchDeleteAutopilotClusterTags
    BatchDeleteClusterTags BatchSyncNodes ContinueUpgradeClusterTask CreateAccessPolicy
    CreateAutopilotAddonInstance CreateAutopilotCluster CreateAutopilotClusterMasterSnapshot
    CreateAutopilotKubernetesClusterCert CreateAutopilotMaintenanceWindow CreateAutopilotPostCheck
    CreateAutopilotPreCheck CreateAutopilotRelease CreateAutopilotUpgradeWorkFlow
    CreateClusterMasterSnapshot CreatePartition CreatePodIdentityAssociation CreatePostCheck
    CreatePreCheck CreateRelease CreateUpgradeWorkFlow DeleteAccessPolicy
    DeleteAutopilotAddonInstance DeleteAutopilotChart DeleteAutopilotCluster DeleteAutopilotJob
    DeleteAutopilotMaintenanceWindow DeleteAutopilotRelease DeleteChart
    DeletePodIdentityAssociation DeleteRelease DownloadAutopilotChart DownloadChart GetAccessPolicy
    GetAutopilotOneJob GetAvaliableZone GetClusterFlavorSpecs GetClusterLongAkskConfig
    GetClusterQuota GetCustomizeTags GetLabels GetLongAkskConfig GetResourceTags InplaceMigrateNode
    ListAccessPolicy ListAddonPrecheckTasks ListAutopilotAddonInstances ListAutopilotAddonTemplates
    ListAutopilotCharts ListAutopilotClusterMasterSnapshotTasks
    ListAutopilotClusterUpgradeFeatureGates ListAutopilotClusterUpgradePaths ListAutopilotClusters
    ListAutopilotJobs ListAutopilotPreCheckTasks ListAutopilotReleases
    ListAutopilotUpgradeClusterTasks ListAutopilotUpgradePlans ListAutopilotUpgradeWorkFlows
    ListCharts ListClusterMasterSnapshotTasks ListClusterUpgradeFeatureGates
    ListClusterUpgradePaths ListHyperNodes ListPartitions ListPodIdentityAssociations
    ListPreCheckTasks ListReleases ListUpgradeClusterTasks ListUpgradeWorkFlows
    LockNodepoolNodeScaleDown MigrateToNodePool PauseUpgradeClusterTask ResizeCluster
    RetryAutopilotUpgradeClusterTask RetryUpgradeClusterTask RevokeKubernetesClusterCert
    RollbackAddonInstance RollbackAutopilotAddonInstance RotateClusterCredentials RotateNodeCert
    ScaleNodePool ShowAutopilotAddonInstance ShowAutopilotChart ShowAutopilotChartValues
    ShowAutopilotCluster ShowAutopilotClusterConfig ShowAutopilotClusterEndpoints
    ShowAutopilotClusterUpgradeInfo ShowAutopilotFeatureGates ShowAutopilotJob
    ShowAutopilotMaintenanceWindow ShowAutopilotPreCheck ShowAutopilotQuotas ShowAutopilotRelease
    ShowAutopilotReleaseHistory ShowAutopilotUpgradeClusterTask ShowAutopilotUpgradeWorkFlow
    ShowAutopilotUserChartsQuotas ShowChart ShowChartValues ShowClusterConfig
    ShowClusterConfigurationDetails ShowClusterSupportConfiguration ShowClusterUpgradeInfo
    ShowFeatureGates ShowNodePoolConfigurationDetails ShowNodePoolConfigurations ShowPartition
    ShowPodIdentityAssociation ShowPreCheck ShowRelease ShowReleaseHistory ShowUpgradeClusterTask
    ShowUpgradeWorkFlow ShowUserChartsQuotas SyncNode UnlockNodepoolNodeScaleDown
    UpdateAccessPolicy UpdateAutopilotAddonInstance UpdateAutopilotChart UpdateAutopilotCluster
    UpdateAutopilotClusterEip UpdateAutopilotMaintenanceWindow UpdateAutopilotRelease
    UpdateAutopilotUpgradePlan UpdateChart UpdateClusterLogConfig UpdateClusterLongAkskConfig
    UpdateLongAkskConfig UpdateNodePoolConfiguration UpdatePartition UpdatePodIdentityAssociation
    UpdateRelease UpgradeAutopilotCluster UpgradeAutopilotWorkFlowUpdate UpgradeCluster
    UpgradeNodePool UpgradeWorkFlowUpdate UploadAutopilotChart UploadChart
"""

MISSING: dict[str, frozenset[str]] = {
    "python": frozenset(),
    "java": frozenset(_NOT_IN_JAVA.split()),
    "go": frozenset({"InplaceMigrateNode"}),
    "node": frozenset(_NOT_IN_NODE.split()),
}

UNREADABLE = {
    ("go", "DeleteAutopilotRelease"): "wants an object for the sentence",
    ("go", "DeleteRelease"): "wants an object for the sentence",
    ("go", "GetClusterFlavorSpecs"): "takes the list of flavors for one flavor",
    ("java", "CreateAutopilotUpgradeWorkFlow"): "takes the flag of a line for text",
    ("java", "CreateUpgradeWorkFlow"): "takes the flag of a line for text",
    ("java", "ListAutopilotUpgradeWorkFlows"): "takes the list of workflows for one workflow",
    ("java", "ListUpgradeWorkFlows"): "takes the list of workflows for one workflow",
    ("java", "ShowAutopilotUpgradeWorkFlow"): "takes the flag of a line for text",
    ("java", "ShowUpgradeWorkFlow"): "takes the flag of a line for text",
}
"""Answers that an SDK declares otherwise than the others do, so that it cannot read them."""


def lacking(language: str) -> dict[str, str]:
    """The operations that a language leaves out of scripts, with the reasons."""
    absent = {name: f"The {language} SDK lacks the operation: {name}" for name in MISSING[language]}
    return absent | {
        name: f"The {language} SDK {reason}: {name}"
        for (whose, name), reason in UNREADABLE.items()
        if whose == language
    }
