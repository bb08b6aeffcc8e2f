"""What an official SDK does not have in the version that is pinned here, though the server does.

The tests leave these out, count them as skipped, and fail when an SDK has gained one of them.
"""

_NOT_IN_JAVA = """
    AssumeAgencyForPodIdentity BatchCreateAddonPrecheck CreateAccessPolicy
    CreatePodIdentityAssociation DeleteAccessPolicy DeleteAutopilotJob
    DeletePodIdentityAssociation GetAccessPolicy GetAutopilotOneJob GetAvaliableZone
    GetClusterFlavorSpecs GetClusterQuota ListAccessPolicy ListAddonPrecheckTasks
    ListAutopilotJobs ListPodIdentityAssociations LockNodepoolNodeScaleDown MigrateToNodePool
    RotateClusterCredentials ShowFeatureGates ShowPodIdentityAssociation
    UnlockNodepoolNodeScaleDown UpdateAccessPolicy UpdatePodIdentityAssociation
"""
_NOT_IN_NODE = """
    AddNodesToNodePool AssumeAgencyForPodIdentity BatchCreateAddonPrecheck
    BatchCreateClusterTags BatchDeleteClusterTags BatchSyncNodes ContinueUpgradeClusterTask
    CreateAccessPolicy CreateAutopilotCluster CreateAutopilotRelease CreateClusterMasterSnapshot
    CreatePartition CreatePodIdentityAssociation CreatePostCheck CreatePreCheck CreateRelease
    CreateUpgradeWorkFlow DeleteAccessPolicy DeleteAutopilotChart DeleteAutopilotCluster
    DeleteAutopilotJob DeleteAutopilotRelease DeleteChart DeletePodIdentityAssociation
    DeleteRelease DownloadAutopilotChart DownloadChart GetAccessPolicy GetAutopilotOneJob
    GetAvaliableZone GetClusterFlavorSpecs GetClusterQuota ListAccessPolicy
    ListAddonPrecheckTasks ListAutopilotCharts ListAutopilotClusters ListAutopilotJobs
    ListAutopilotReleases ListCharts ListClusterMasterSnapshotTasks
    ListClusterUpgradeFeatureGates ListClusterUpgradePaths ListPartitions
    ListPodIdentityAssociations ListPreCheckTasks ListReleases ListUpgradeClusterTasks
    ListUpgradeWorkFlows LockNodepoolNodeScaleDown MigrateToNodePool PauseUpgradeClusterTask
    ResizeCluster RetryUpgradeClusterTask RevokeKubernetesClusterCert RollbackAddonInstance
    RotateClusterCredentials ScaleNodePool ShowAutopilotChart ShowAutopilotChartValues
    ShowAutopilotCluster ShowAutopilotJob ShowAutopilotRelease ShowAutopilotReleaseHistory
    ShowAutopilotUserChartsQuotas ShowChart ShowChartValues ShowClusterConfig
    ShowClusterConfigurationDetails ShowClusterSupportConfiguration ShowClusterUpgradeInfo
    ShowFeatureGates ShowNodePoolConfigurationDetails ShowNodePoolConfigurations ShowPartition
    ShowPodIdentityAssociation ShowPreCheck ShowRelease ShowReleaseHistory
    ShowUpgradeClusterTask ShowUpgradeWorkFlow ShowUserChartsQuotas SyncNode
    UnlockNodepoolNodeScaleDown UpdateAccessPolicy UpdateAutopilotChart UpdateAutopilotCluster
    UpdateAutopilotRelease UpdateChart UpdateClusterLogConfig UpdateNodePoolConfiguration
    UpdatePartition UpdatePodIdentityAssociation UpdateRelease UpgradeCluster UpgradeNodePool
    UpgradeWorkFlowUpdate UploadAutopilotChart UploadChart
"""

MISSING: dict[str, frozenset[str]] = {
    "python": frozenset(),
    "java": frozenset(_NOT_IN_JAVA.split()),
    "go": frozenset(),
    "node": frozenset(_NOT_IN_NODE.split()),
}

UNREADABLE = {
    ("go", "GetClusterFlavorSpecs"): "takes the list of flavors for one flavor",
    ("java", "CreateUpgradeWorkFlow"): "takes the flag of a line for text",
    ("java", "ListUpgradeWorkFlows"): "takes the list of workflows for one workflow",
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
