"""What the API's description says beside the code: operations in Chinese, parameters in both.

English stands with each route, and is not repeated here.
"""

import re
from collections.abc import Mapping

# ruff: noqa: E501  # one parameter per line reads better than any wrapping

_KIND = "Autopilot"

_OPERATIONS = """
CreateCluster 创建集群
ListClusters 查询项目下的集群列表
ShowCluster 查询一个集群
UpdateCluster 修改集群的别名、描述等少数字段
DeleteCluster 删除集群
CreateKubernetesClusterCert 获取集群的 kubeconfig
ShowKubernetesClusterCert 获取五年有效的 kubeconfig（旧接口）
RevokeKubernetesClusterCert 吊销某个用户或委托的集群证书
UpdateClusterEip 绑定或解绑集群的公网地址
ShowClusterEndpoints 查询集群的访问地址
ListAccessPolicy 查询访问策略列表
CreateAccessPolicy 创建访问策略
GetAccessPolicy 查询一个访问策略
UpdateAccessPolicy 替换访问策略
DeleteAccessPolicy 删除访问策略
GetClusterLongAkskConfig 查询集群是否使用长期访问密钥
UpdateClusterLongAkskConfig 设置集群是否使用长期访问密钥
GetLongAkskConfig 查询新建集群是否使用长期访问密钥
UpdateLongAkskConfig 设置新建集群是否使用长期访问密钥
HibernateCluster 休眠集群
AwakeCluster 唤醒集群
ResizeCluster 变更集群规格
RotateClusterCredentials 轮转集群的凭证
BatchCreateClusterTags 为集群添加标签
BatchDeleteClusterTags 删除集群的标签
GetCustomizeTags 查询项目下所有集群的标签
GetResourceTags 查询一个集群的标签
BatchCreateDeleteResourceTags 添加或删除集群的标签
UpgradeCluster 升级集群
PauseUpgradeClusterTask 暂停升级
ContinueUpgradeClusterTask 继续已暂停的升级
RetryUpgradeClusterTask 重试失败的升级
ListUpgradeClusterTasks 查询升级任务列表
ShowUpgradeClusterTask 查询一个升级任务
CreatePreCheck 升级前检查集群
ListPreCheckTasks 查询升级前检查的列表
ShowPreCheck 查询一次升级前检查
CreatePostCheck 升级后检查集群
CreateClusterMasterSnapshot 备份集群控制面
ListClusterMasterSnapshotTasks 查询控制面备份的列表
CreateUpgradeWorkFlow 开始一个升级流程
ListUpgradeWorkFlows 查询升级流程列表
ShowUpgradeWorkFlow 查询一个升级流程
UpgradeWorkFlowUpdate 取消升级流程
ShowClusterUpgradeInfo 查询集群可升级到的版本
ListClusterUpgradePaths 查询升级路径
ListClusterUpgradeFeatureGates 查询升级支持的特性
ShowQuotas 查询配额
GetClusterQuota 查询配额（旧格式）
GetClusterFlavorSpecs 查询集群规格列表
GetAvaliableZone 查询可用区列表
ShowFeatureGates 查询本服务支持的特性
ShowClusterSupportConfiguration 查询控制面组件支持的参数
ShowClusterConfigurationDetails 查询集群组件支持的参数
ShowClusterConfig 查询收集哪些日志
UpdateClusterLogConfig 设置收集哪些日志
ListPartitions 查询分区列表
CreatePartition 创建分区
ShowPartition 查询一个分区
UpdatePartition 修改分区
ListAddonTemplates 查询可安装的插件模板
CreateAddonInstance 安装插件
ListAddonInstances 查询集群的插件列表
ShowAddonInstance 查询一个插件
UpdateAddonInstance 升级或修改插件
DeleteAddonInstance 卸载插件
RollbackAddonInstance 回滚插件
BatchCreateAddonPrecheck 检查插件
ListAddonPrecheckTasks 查询插件检查的列表
ListImageCaches 查询镜像缓存列表
CreateImageCache 创建镜像缓存
ShowImageCache 查询一个镜像缓存
DeleteImageCache 删除镜像缓存
CreateCloudPersistentVolumeClaims 申请使用云存储卷
DeleteCloudPersistentVolumeClaims 释放云存储卷
RotateNodeCert 轮转节点证书
InplaceMigrateNode 保留系统，把节点迁移到另一个集群
BatchChangeNodeToPeriod 将节点转为包周期
ListHyperNodes 查询超节点列表
GetLabels 按节点池查询节点标签
SyncNode 同步一个节点的状态
CreateNode 创建节点
ListNodes 查询节点列表
AddNode 纳管已有服务器为节点
ResetNode 重装节点
BatchSyncNodes 同步所有节点的状态
LockNodepoolNodeScaleDown 节点池缩容时保留这些节点
UnlockNodepoolNodeScaleDown 允许节点池缩容时删除这些节点
RemoveNode 将节点移出集群
MigrateNode 将节点迁移到另一个集群并重装
ShowNode 查询一个节点
UpdateNode 修改节点名称
DeleteNode 删除节点
SyncNodePool 使节点池的所有节点与其配置一致
CreateNodePool 创建节点池
ListNodePools 查询节点池列表
ShowNodePool 查询一个节点池
UpdateNodePool 修改节点池
DeleteNodePool 删除节点池
ScaleNodePool 伸缩节点池
UpgradeNodePool 使节点池的节点更新到其配置
AddNodesToNodePool 纳管已有服务器到节点池
MigrateToNodePool 将集群的节点移入节点池
ShowNodePoolConfigurations 查询节点池组件的配置
UpdateNodePoolConfiguration 修改节点池组件的配置
ShowNodePoolConfigurationDetails 查询节点池组件支持的参数
ShowJob 查询一个任务及其子任务
ListJobs 查询任务列表（旧格式）
GetOneJob 查询一个任务（旧格式）
DeleteJob 删除已结束的任务
CreateAutopilotMaintenanceWindow 设置集群的维护窗口
ShowAutopilotMaintenanceWindow 查询集群的维护窗口
UpdateAutopilotMaintenanceWindow 修改集群的维护窗口
DeleteAutopilotMaintenanceWindow 删除集群的维护窗口
ListAutopilotUpgradePlans 查询自动升级计划的列表
UpdateAutopilotUpgradePlan 推迟自动升级计划
ListCharts 查询模板列表
UploadChart 上传模板
ShowChart 查询一个模板
UpdateChart 更新模板
DeleteChart 删除模板
DownloadChart 下载模板
ShowChartValues 查询模板的默认值
ShowUserChartsQuotas 查询模板配额
ListReleases 查询模板实例列表
CreateRelease 安装模板实例
ShowRelease 查询一个模板实例
UpdateRelease 升级或回滚模板实例
DeleteRelease 删除模板实例
ShowReleaseHistory 查询模板实例的历史
CreatePodIdentityAssociation 将委托与服务账号关联
ListPodIdentityAssociations 查询委托关联的列表
ShowPodIdentityAssociation 查询一个委托关联
UpdatePodIdentityAssociation 修改委托关联
DeletePodIdentityAssociation 删除委托关联
AssumeAgencyForPodIdentity 用服务账号的令牌换取临时凭证
ShowHealth 查询进程是否存活
ShowReadiness 查询服务是否就绪
NovaListAvailabilityZones 查询可用区列表
EcsListFlavors 查询服务器规格列表
EcsListServersDetails 查询节点的服务器列表
EcsShowServer 查询节点的服务器
EcsShowServerTags 查询节点服务器的标签
EcsBatchChangeServerTags 修改节点服务器的标签
EcsResetServerPassword 修改节点服务器的密码
AomInstallAgent 开始收集集群日志
DnsListNameServers 查询域名服务器列表
ReadKubernetesNode 以 Kubernetes 的格式查询节点
EvsListVolumeTypes 查询云硬盘类型
EvsListVolumeTypesV2 查询云硬盘类型
EpsListEnterpriseProjects 查询企业项目列表
EpsShowEnterpriseProject 查询一个企业项目
VpcShowTags 查询网络、公网 IP 或安全组的标签
VpcBatchChangeTags 修改网络、公网 IP 或安全组的标签
list_versions__get 查询本服务的 API 版本
show_version_v3__get 查询身份服务的版本
show_version_v3_get 查询身份服务的版本
issue_token_v3_auth_tokens_post 获取令牌
show_token_v3_auth_tokens_get 查询令牌
check_token_v3_auth_tokens_head 检查令牌是否有效
revoke_token_v3_auth_tokens_delete 吊销令牌
show_catalog_v3_auth_catalog_get 查询服务目录
list_regions_v3_regions_get 查询区域列表
show_region_v3_regions__id__get 查询一个区域
list_services_v3_services_get 查询服务列表
show_service_v3_services__id__get 查询一个服务
list_endpoints_v3_endpoints_get 查询终端节点列表
show_endpoint_v3_endpoints__id__get 查询一个终端节点
list_projects_v3_projects_get 查询项目列表
list_own_projects_v3_auth_projects_get 查询自己可用的项目
show_project_v3_projects__project_id__get 查询一个项目
list_domains_v3_auth_domains_get 查询自己的账号
list_domains_v3_domains_get 查询账号列表
list_users_v3_users_get 查询用户列表
issue_security_token_v3_0_OS_CREDENTIAL_securitytokens_post 获取临时访问密钥
show_caller_v5_caller_identity_get 查询调用者的身份
ShowJobInFull 查询任务的进度、原因与各步骤
ListJobHistory 查询项目下的任务历史
ListJobEvents 查询任务的事件
CancelJob 取消任务
ResumeJob 恢复失败的任务
StreamJob 以事件流跟踪一个任务
StreamEvents 以事件流跟踪项目下的所有任务
ArmFault 设置一个故障，使本项目任务的某一步失败
ListFaults 查询故障列表
ClearFault 清除一个故障
ClearFaults 清除本项目的所有故障
CreateWebhook 注册 Webhook
ListWebhooks 查询 Webhook 列表
ShowWebhook 查询一个 Webhook
DeleteWebhook 删除 Webhook
ListWebhookDeliveries 查询 Webhook 的投递记录
ResendWebhookDelivery 重新投递
CreatePermanentAccessKey 创建永久访问密钥
ListPermanentAccessKeys 查询用户的永久访问密钥列表
ShowPermanentAccessKey 查询一个永久访问密钥
UpdatePermanentAccessKey 修改永久访问密钥的状态或描述
DeletePermanentAccessKey 删除永久访问密钥
KeystoneCreateProject 创建项目
KeystoneUpdateProject 修改项目
KeystoneDeleteProject 拒绝删除项目
ShowProjectDetailsAndStatus 查询项目的详情与状态
UpdateProjectStatus 冻结或恢复项目
KeystoneCreateUser 创建用户
CreateUser 创建用户，可附带邮箱与电话
KeystoneShowUser 查询一个用户
ShowUser 查询一个用户，含邮箱与电话
KeystoneUpdateUserByAdmin 修改用户
UpdateUser 修改用户，可附带邮箱与电话
KeystoneDeleteUser 删除用户
KeystoneUpdateUserPassword 修改自己的密码
KeystoneListProjectsForUser 查询用户可用的项目
ShowUserLoginProtect 查询用户的登录保护
ListUserLoginProtects 查询登录保护列表
KeystoneListGroups 查询用户组列表
KeystoneCreateGroup 创建用户组
KeystoneShowGroup 查询一个用户组
KeystoneUpdateGroup 修改用户组
KeystoneDeleteGroup 删除用户组
KeystoneListUsersForGroupByAdmin 查询用户组中的用户
KeystoneListGroupsForUser 查询用户所在的用户组
KeystoneAddUserToGroup 将用户加入用户组
KeystoneCheckUserInGroup 检查用户是否在用户组中
KeystoneRemoveUserFromGroup 将用户移出用户组
ListAgencies 查询委托列表
CreateAgency 创建委托
ShowAgency 查询一个委托
UpdateAgency 修改委托
DeleteAgency 删除委托
KeystoneListPermissions 查询权限列表
KeystoneShowPermission 查询一个权限
ShowDomainRoleAssignments 查询授权记录
KeystoneListDomainPermissionsForGroup 查询用户组在账号上的权限
KeystoneAssociateGroupWithDomainPermission 授予用户组账号上的权限
KeystoneCheckDomainPermissionForGroup 检查用户组在账号上的权限
KeystoneRemoveDomainPermissionFromGroup 移除用户组在账号上的权限
KeystoneListProjectPermissionsForGroup 查询用户组在项目上的权限
KeystoneAssociateGroupWithProjectPermission 授予用户组项目上的权限
KeystoneCheckProjectPermissionForGroup 检查用户组在项目上的权限
KeystoneRemoveProjectPermissionFromGroup 移除用户组在项目上的权限
KeystoneListAllProjectPermissionsForGroup 查询用户组在所有项目上的权限
UpdateDomainGroupInheritRole 授予用户组所有项目上的权限
KeystoneCheckroleForGroup 检查用户组在所有项目上的权限
DeleteDomainGroupInheritedRole 移除用户组在所有项目上的权限
ListDomainPermissionsForAgency 查询委托在账号上的权限
AssociateAgencyWithDomainPermission 授予委托账号上的权限
CheckDomainPermissionForAgency 检查委托在账号上的权限
RemoveDomainPermissionFromAgency 移除委托在账号上的权限
ListProjectPermissionsForAgency 查询委托在项目上的权限
AssociateAgencyWithProjectPermission 授予委托项目上的权限
CheckProjectPermissionForAgency 检查委托在项目上的权限
RemoveProjectPermissionFromAgency 移除委托在项目上的权限
ListAllProjectsPermissionsForAgency 查询委托在所有项目上的权限
AssociateAgencyWithAllProjectsPermission 授予委托所有项目上的权限
CheckAllProjectsPermissionForAgency 检查委托在所有项目上的权限
RemoveAllProjectsPermissionFromAgency 移除委托在所有项目上的权限
"""

_VERBS = {
    "List": "查询{}列表",
    "Show": "查询一个{}",
    "Create": "创建{}",
    "Update": "修改{}",
    "Delete": "删除{}",
}
_RECORDS = {
    "Vpc": "虚拟私有云",
    "Router": "路由器（虚拟私有云）",
    "Subnet": "子网",
    "Network": "网络（子网）",
    "Publicip": "弹性公网 IP",
    "Floatingip": "浮动 IP",
    "Bandwidth": "带宽",
    "SecurityGroup": "安全组",
    "SecurityGroupRule": "安全组规则",
    "Keypair": "密钥对",
}
_RECORD = re.compile(f"(?:Vpc|Neutron|Kps|Nova)({'|'.join(_VERBS)})({'|'.join(_RECORDS)})(?:V3)?")

_CHINESE = dict(line.split(" ", 1) for line in _OPERATIONS.strip().split("\n"))


def chinese(operation: str) -> str:
    """What an operation does, in Chinese; empty where nobody has said it."""
    if operation in _CHINESE:
        return _CHINESE[operation]
    if record := _RECORD.fullmatch(operation):
        return _VERBS[record[1]].format(_RECORDS[record[2]])
    twin = _CHINESE.get(operation.replace(_KIND, "", 1), "")
    return f"{twin}（Autopilot 集群）" if twin else ""


_PARAMETERS = """
Idempotency-Key | A key of the client's choice. What is asked for twice under one key in 24 hours is done once and answered alike; another request under the same key is refused with 422. | 由客户端自选的幂等键。24 小时内用同一键重复同一请求，只执行一次并返回相同的应答；用同一键发送不同的请求返回 422。
project_id | The id of the project, which the credentials must be for. | 项目 ID，须与凭证的项目一致。
cluster_id | The id of the cluster. | 集群 ID。
target_cluster_id | The id of the cluster that the nodes move to. | 目标集群的 ID。
node_id | The id of the node. | 节点 ID。
nodepool_id | The id of the pool; `DefaultPool` or `master` where that makes sense. | 节点池 ID；部分接口可为 DefaultPool 或 master。
job_id | The id of the job, or of one of its sub-jobs. | 任务 ID，也可为子任务 ID。
task_id | The id of the task. | 任务 ID。
policy_id | The id of the access policy. | 访问策略 ID。
partition_name | The name of the partition. | 分区名称。
upgrade_workflow_id | The id of the workflow. | 升级流程 ID。
upgrade_plan_id | The id of the plan. | 自动升级计划 ID。
resource_type | The type of the resource: `cce-cluster`. | 资源类型，取值为 cce-cluster。
resource_id | The id of the resource. | 资源 ID。
resource | What has the tags. | 带标签的资源类型。
id | The id of what is asked for. | 对象的 ID。
name | The name of what is asked for. | 对象的名称。
namespace | The Kubernetes namespace. | Kubernetes 命名空间。
address | The private address of the node. | 节点的内网地址。
vpc_id | The id of the VPC. | 虚拟私有云 ID。
server_id | The id of the server. | 服务器 ID。
availability_zone | An availability zone. | 可用区。
domain_id | The id of the domain. | 账号 ID。
parent_id | The id of the parent. | 上级的 ID。
enabled | Whether it is enabled. | 是否启用。
is_domain | Whether it acts as a domain. | 是否作为账号。
page | Which page. | 页码。
per_page | How many on a page. | 每页数量。
limit | How many at most. | 最多返回的数量。
offset | How many to leave out at the beginning. | 跳过的数量。
marker | The last item of the page before. | 上一页的最后一项。
webhook_id | The id of the webhook. | Webhook ID。
fault_id | The id of the fault. | 故障 ID。
delivery_id | The id of the delivery. | 投递 ID。
wait | Seconds to wait for a change. | 等待变化的秒数。
after | The revision that is known already. | 已知的修订号。
phase | Only those in this phase. | 按阶段过滤。
since | Only those submitted at this time or later. | 只返回该时间及之后提交的任务。
until | Only those submitted before this time. | 只返回该时间之前提交的任务。
detail | `true` adds counts of nodes and the add-ons. | 为 true 时附带节点数量与插件信息。
status | Only those in this phase. | 按状态过滤。
type | Only those of this type. | 按类型过滤。
version | Only those of this version. | 按版本过滤。
clusterID | The id of a cluster whose components are meant. | 集群 ID。
clusterType | The type of cluster. | 集群类型。
clusterVersion | The version of cluster. | 集群版本。
addon_template_name | The name of one template. | 插件模板名称。
addon_instance_id | The id of an add-on. | 插件实例 ID。
showDefaultNodePool | Whether `DefaultPool` is listed too. | 是否同时返回默认节点池。
nodepoolScaleUp | `NodepoolScaleUp` makes the pool expect the node. | 取值 NodepoolScaleUp 时，节点池的期望数随之增加。
nodepoolScaleDown | `NoScaleDown` lets the pool replace the node. | 取值 NoScaleDown 时，节点池会补充节点。
delete_evs | What becomes of cloud disks. | 是否删除云硬盘。
delete_obs | What becomes of object storage. | 是否删除对象存储。
delete_sfs | What becomes of file storage. | 是否删除文件存储。
delete_sfs30 | What becomes of file storage 3.0. | 是否删除文件存储 3.0。
delete_efs | What becomes of turbo file storage. | 是否删除极速文件存储。
delete_eni | What becomes of network interfaces. | 是否删除弹性网卡。
delete_net | What becomes of load balancers. | 是否删除负载均衡等网络资源。
lts_reclaim_policy | What becomes of log streams. | 是否删除日志流。
ondemand_node_policy | What becomes of nodes that are paid by use. | 按需节点的处理方式。
periodic_node_policy | What becomes of prepaid nodes. | 包周期节点的处理方式。
tobedeleted | Only for prepaid clusters, which do not exist here. | 仅用于包周期集群，本服务不支持。
deleteVolume | Whether the volume goes too; it stays here. | 是否同时删除存储卷，本服务始终保留。
storageType | The type of the volume. | 存储类型。
chart_id | The id of the chart. | 模板 ID。
show_resources | `true` lists what the release consists of. | 为 true 时返回实例包含的资源。
association_id | The id of the association. | 关联 ID。
user_id | The id of the user. | 用户 ID。
group_id | The id of the group. | 用户组 ID。
agency_id | The id of the agency. | 委托 ID。
role_id | The id of the role. | 权限 ID。
access_key | The access key. | 访问密钥 ID（AK）。
place | The id of the domain or project that the role is given on. | 授权范围的账号或项目 ID。
subject | The id of the group or agency that the role is given to; in a list, the kind of it. | 被授权的用户组或委托 ID；在列表中为其类型。
subject.user_id | Only roles of this user, who has none by itself. | 按用户过滤。
subject.group_id | Only roles of this group. | 按用户组过滤。
subject.agency_id | Only roles of this agency. | 按委托过滤。
scope | Only roles on this kind of thing. | 按授权范围的类型过滤。
scope.project_id | Only roles on this project. | 按项目过滤。
is_inherited | Whether only roles on all projects are wanted, or only others. | 是否为所有项目上的权限。
trust_domain_id | The id of the domain that is trusted. | 被委托方的账号 ID。
display_name | The name that people know. | 显示名称。
catalog | Only roles of this service. | 按服务过滤。
permission_type | `policy` or `role`. | 取值为 policy 或 role。
X-Cluster-ID | The id of the cluster, where the host does not name it. | 集群 ID，域名中未包含时必填。
X-Subject-Token | The token that the request is about. | 请求所针对的令牌。
"""

PARAMETERS: Mapping[str, tuple[str, str]] = {
    name: (english, chinese)
    for name, english, chinese in (line.split(" | ") for line in _PARAMETERS.strip().split("\n"))
}
"""What each parameter means, in English and in Chinese, by its name."""
