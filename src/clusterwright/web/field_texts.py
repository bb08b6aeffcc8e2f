"""What the fields of documents mean, in English and in Chinese, where the models do not say it.

By name, because most fields mean the same wherever they are; `Document.field` goes before `field`.
"""

from collections.abc import Mapping

# ruff: noqa: E501  # one field per line reads better than any wrapping

_FIELDS = """
kind | The type of the document. | 文档的类型。
apiVersion | The version of the document's format. | 文档格式的版本。
metadata | What identifies it: name, id, labels. | 标识信息：名称、ID、标签等。
spec | What is wanted of it. | 期望的规格。
status | The state it is in; the server sets it. | 当前状态，由服务器填写。
name | The name. | 名称。
alias | A second name, which people see. | 别名，供展示。
description | What people should know of it. | 描述。
uid | The id; the server gives it. | ID，由服务器生成。
id | The id. | ID。
labels | Labels, by key. | 标签，键值对。
annotations | Annotations, by key. | 注解，键值对。
resourceVersion | The revision that the client has read. | 客户端读到的版本号。
creationTimestamp | When it was made; the server sets it. | 创建时间，由服务器填写。
updateTimestamp | When it was last changed; the server sets it. | 最近修改时间，由服务器填写。
phase | The phase it is in. | 所处阶段。
reason | Why, in words. | 原因说明。
message | What there is to say of it, in words. | 说明文字。
items | The documents of the list. | 列表中的文档。
extendParam | Further parameters, by name. | 扩展参数，键值对。
tags | Tags: pairs of key and value. | 标签列表，每项为键和值。
sys_tags | Tags of the system. | 系统标签。
jobID | The id of the job that does it. | 执行该操作的任务 ID。
jobid | The id of the job that does it. | 执行该操作的任务 ID。
jobId | The id of the job that does it. | 执行该操作的任务 ID。
jobUID | The id of the job that does it. | 执行该操作的任务 ID。
clusterID | The id of the cluster. | 集群 ID。
clusterId | The id of the cluster. | 集群 ID。
clusterUID | The id of the cluster. | 集群 ID。
clusteruid | The id of the cluster. | 集群 ID。
cluster_id | The id of the cluster. | 集群 ID。
cluster_name | The name of the cluster. | 集群名称。
clusterVersion | The version the cluster has now. | 集群当前版本。
targetVersion | The version to upgrade to. | 升级的目标版本。
project | A project. | 项目。
domain | An account. | 账号。
domain_id | The id of the account. | 账号 ID。
user | A user. | 用户。
user_id | The id of the user. | 用户 ID。
userId | The id of the user. | 用户 ID。
agencyId | The id of the agency. | 委托 ID。
group | A group. | 组。
agency | An agency. | 委托。
vpc_id | The id of the VPC. | 虚拟私有云 ID。
port_id | The id of the port that it is bound to. | 所绑定端口的 ID。
enterprise_project_id | The id of the enterprise project. | 企业项目 ID。
serverID | The id of an existing server. | 已有服务器的 ID。
serverId | The id of the server. | 服务器 ID。
nodeID | The id of the node. | 节点 ID。
nodeIDs | The ids of the nodes. | 节点 ID 列表。
nodepoolID | The id of the pool. | 节点池 ID。
nodePoolID | The id of the pool. | 节点池 ID。
nodepoolName | The name of the pool. | 节点池名称。
resourceID | The id of what the job acts on. | 任务所操作资源的 ID。
resourceid | The id of what the job acts on. | 任务所操作资源的 ID。
resourceName | The name of what the job acts on. | 任务所操作资源的名称。
resourcename | The name of what the job acts on. | 任务所操作资源的名称。
flavor | The size, such as `cce.s1.small` for a cluster. | 规格，如集群的 cce.s1.small。
Spec.flavor | The size of the cluster, such as `cce.s1.small`. | 集群规格，如 cce.s1.small。
NodeSpec.flavor | The size of the server, such as `c7.large.2`. | 服务器规格，如 c7.large.2。
PoolTemplate.flavor | The size of the servers, such as `c7.large.2`. | 服务器规格，如 c7.large.2。
version | The version. | 版本。
Spec.version | The version of Kubernetes; without it, the newest. | Kubernetes 版本，不填则为最新版本。
AddonSpec.version | The version of the add-on. | 插件版本。
ReleaseDocument.version | The revision, beginning with 1. | 修订号，从 1 开始。
Spec.type | The architecture of the nodes: VirtualMachine or ARM64. | 节点架构：VirtualMachine 或 ARM64。
category | The kind of cluster, or of place. | 集群类别或分区类别。
Spec.category | The kind of cluster: CCE, or Turbo, whose pods are in the VPC. | 集群类别：CCE，或容器直接使用 VPC 的 Turbo。
platformVersion | The version of the platform; the server sets it. | 平台版本，由服务器填写。
hostNetwork | The network that the nodes are in. | 节点网络。
vpc | The id of the VPC. | 虚拟私有云 ID。
VpcToCreate.vpc | The VPC to make. | 要创建的虚拟私有云。
VpcToChange.vpc | What changes of the VPC. | 虚拟私有云的修改内容。
subnet | The id of the subnet, as networks have it. | 子网的网络 ID。
SubnetEnvelope.subnet | The subnet to make. | 要创建的子网。
SubnetToChange.subnet | What changes of the subnet. | 子网的修改内容。
SecurityGroup | The id of the security group of the nodes. | 节点安全组 ID。
controlPlaneSecurityGroup | The id of the security group of the control plane. | 控制面安全组 ID。
containerNetwork | The network that the pods are in. | 容器网络。
ContainerNetwork.mode | How pods are networked: overlay_l2, vpc-router or eni. | 容器网络模型：overlay_l2、vpc-router 或 eni。
cidr | A range of addresses. | 网段。
ContainerNetwork.cidr | The range that pods get addresses from. | 容器网段。
cidrs | Ranges of addresses. | 网段列表。
serviceNetwork | The network that services are in. | 服务网络。
IPv4CIDR | The range that services get IPv4 addresses from. | 服务的 IPv4 网段。
IPv6CIDR | The range that services get IPv6 addresses from. | 服务的 IPv6 网段。
kubernetesSvcIpRange | The range that services get addresses from. | 服务网段。
eniNetwork | The subnets of pods, where they are in the VPC. | 容器使用 VPC 子网时的子网信息。
subnets | The subnets. | 子网列表。
subnetID | The id of the subnet. | 子网 ID。
subnetId | The id of the subnet. | 子网 ID。
subnetList | The ids of subnets, of which one is taken. | 候选子网的 ID 列表。
eniSubnetId | The id of the only subnet; use `subnets`. | 单个子网的 ID，建议改用 subnets。
eniSubnetCIDR | The range of the only subnet. | 单个子网的网段。
ipv6enable | Whether the cluster has IPv6 too. | 是否同时使用 IPv6。
kubeProxyMode | How services are forwarded: iptables or ipvs. | 服务转发模式：iptables 或 ipvs。
authentication | How users of the Kubernetes API are known. | Kubernetes API 的认证方式。
Authentication.mode | How users are known: rbac, or by a proxy. | 认证模式：rbac，或认证代理。
JobToCancel.mode | Whether it ends now, or after the steps that have begun. | 立即结束，或待已开始的步骤完成后结束。
authenticatingProxy | The certificates of the authenticating proxy. | 认证代理的证书。
ca | A certificate authority, as Base64. | CA 证书，Base64 编码。
cert | A certificate, as Base64. | 证书，Base64 编码。
privateKey | The key of the certificate, as Base64. | 证书私钥，Base64 编码。
publicAccess | Who may reach the public endpoint. | 公网访问的来源限制。
masters | Where each machine of the control plane is. | 控制面各节点的位置。
availabilityZone | The availability zone. | 可用区。
availability_zone | The availability zone. | 可用区。
az | The availability zone. | 可用区。
clusterTags | Tags of the cluster. | 集群的资源标签。
customSan | Further names in the certificate of the API server. | API 服务器证书中附加的名称。
deletionProtection | Whether the cluster refuses to be deleted. | 是否开启删除保护。
enableAutopilot | Whether it is an Autopilot cluster. | 是否为 Autopilot 集群。
enableDistMgt | Whether nodes in other places can be managed. | 是否支持管理其他地点的节点。
encryptionConfig | How secrets are encrypted. | 密钥（Secret）的加密方式。
kmsKeyID | The id of the key that encrypts. | 加密所用密钥的 ID。
supportIstio | Whether a service mesh is supported. | 是否支持服务网格。
timezone | The time zone. | 时区。
configurationsOverride | Settings of components that differ from the defaults. | 与默认值不同的组件配置。
packages | The components. | 组件列表。
configurations | The options, each with name and value. | 配置项，每项为名称和值。
billingMode | How it is paid for: 0 by use, 1 in advance. | 计费模式：0 按需，1 包周期。
periodType | The unit of the time that is paid in advance: month or year. | 包周期的单位：month 或 year。
periodNum | How many units are paid in advance. | 包周期的数量。
isAutoRenew | Whether it is renewed when the time is over. | 到期是否自动续费。
isAutoPay | Whether it is paid without asking. | 是否自动支付。
clusterAZ | The availability zone of the control plane, or multi_az. | 控制面的可用区，或 multi_az。
orderID | The id of the order. | 订单 ID。
agencyName | The name of the agency. | 委托名称。
agency_name | The name of the agency. | 委托名称。
count | How many. | 数量。
NodeSpec.count | How many nodes are made. | 创建的节点数量。
os | The operating system. | 操作系统。
login | How to log in to the server. | 服务器的登录方式。
sshKey | The name of the key pair to log in with. | 登录所用密钥对的名称。
userPassword | The user and the password to log in with. | 登录所用的用户名和密码。
username | The name to log in with. | 登录用户名。
password | The password. | 密码。
UserPassword.password | The password, hashed with a salt and Base64-encoded. | 密码，须加盐哈希并经 Base64 编码。
rootVolume | The system disk. | 系统盘。
dataVolumes | The data disks. | 数据盘列表。
volumetype | The type of the disk, such as SSD. | 磁盘类型，如 SSD。
volumeType | The type of the disk, such as SSD. | 磁盘类型，如 SSD。
size | The size. | 大小。
RootVolume.size | The size in GiB. | 大小，单位 GiB。
Volume.size | The size in GiB. | 大小，单位 GiB。
iops | Operations per second of the disk. | 磁盘的 IOPS。
throughput | MiB per second of the disk. | 磁盘的吞吐量，单位 MiB/s。
hw:passthrough | Whether the disk takes SCSI commands. | 是否为 SCSI 类型的磁盘。
storage | How the disks are divided. | 磁盘的划分方式。
storageSelectors | Which disks belong together. | 磁盘选择规则。
storageGroups | What is made of the disks that belong together. | 磁盘组及其划分。
matchLabels | What a disk must be like to be selected. | 选择磁盘的条件。
selectorNames | The names of selectors whose disks make the group. | 组成该组的选择规则名称。
virtualSpaces | The shares of the group. | 该组划分出的空间。
cceManaged | Whether the group is for the container runtime. | 是否供容器运行时使用。
lvmConfig | How the space is used. | 空间的使用方式。
lvType | How data is spread over disks: linear or striped. | 写入方式：linear 或 striped。
path | Where the space is mounted. | 挂载路径。
publicIP | The public addresses. | 公网地址。
NodeStatus.publicIP | The public address. | 公网地址。
privateIP | The private address. | 内网地址。
ids | The ids. | ID 列表。
eip | The public address to make. | 要创建的弹性公网 IP。
iptype | The type of the public address, such as 5_bgp. | 公网地址类型，如 5_bgp。
bandwidth | The bandwidth. | 带宽。
chargemode | How the bandwidth is paid for. | 带宽计费方式。
charge_mode | How the bandwidth is paid for. | 带宽计费方式。
sharetype | Whether the bandwidth is shared: PER or WHOLE. | 带宽类型：PER 独享，WHOLE 共享。
share_type | Whether the bandwidth is shared: PER or WHOLE. | 带宽类型：PER 独享，WHOLE 共享。
nodeNicSpec | The network interfaces of the node. | 节点的网卡。
primaryNic | The primary network interface. | 主网卡。
extNics | Further network interfaces. | 扩展网卡。
fixedIps | Fixed addresses. | 固定 IP 地址列表。
ipBlock | The range that addresses are taken from. | 地址所在的网段。
taints | Taints of the nodes. | 节点的污点。
effect | What the taint does: NoSchedule, PreferNoSchedule or NoExecute. | 污点效果：NoSchedule、PreferNoSchedule 或 NoExecute。
key | The key. | 键。
value | The value. | 值。
values | The values. | 值。
ChartDocument.values | The text of `values.yaml` as JSON. | values.yaml 的 JSON 文本。
ReleaseDocument.values | The values as the text of a JSON object. | 取值的 JSON 文本。
ReleaseDocument.parameters | The parameters as the text of a JSON object. | 选项的 JSON 文本。
ReleaseDocument.resources | The manifests, where they were asked for. | 实例的资源清单，查询时要求才返回。
AddonSpec.values | The parameters of the add-on, as its template has them. | 插件参数，以插件模板为准。
ReleaseToCreate.values | What differs from the values of the chart. | 与模板默认值不同的取值。
operator | How key and values are compared. | 键与值的比较方式。
k8sTags | Labels of the nodes in Kubernetes. | 节点的 Kubernetes 标签。
userTags | Tags of the nodes' servers. | 节点服务器的资源标签。
runtime | The container runtime: docker or containerd. | 容器运行时：docker 或 containerd。
maxPods | How many pods may be on the node. | 节点可容纳的最大 Pod 数。
alpha.cce/preInstall | A script that runs before the installation, as Base64. | 安装前执行的脚本，Base64 编码。
alpha.cce/postInstall | A script that runs after the installation, as Base64. | 安装后执行的脚本，Base64 编码。
preInstall | A script that runs before the installation, as Base64. | 安装前执行的脚本，Base64 编码。
postInstall | A script that runs after the installation, as Base64. | 安装后执行的脚本，Base64 编码。
waitPostInstallFinish | Whether pods wait for the script that runs afterwards. | 是否等安装后脚本执行完再调度 Pod。
alpha.cce/NodeImageID | The id of the image of the system disk. | 系统盘镜像 ID。
initializedConditions | Conditions that must be met before pods come. | 节点就绪前须满足的条件。
ecsGroupId | The id of the server group. | 云服务器组 ID。
dedicatedHostId | The id of the dedicated host. | 专属主机 ID。
faultDomain | The fault domain of the server group. | 云服务器组的故障域。
partition | The partition that the node is in. | 节点所在的分区。
serverEnterpriseProjectID | The id of the servers' enterprise project. | 服务器的企业项目 ID。
hostnameConfig | What nodes are called in Kubernetes. | 节点在 Kubernetes 中的名称规则。
nodeNameTemplate | What is added to the names of nodes. | 节点名称的前后缀。
nodeTemplate | What the nodes of the pool are like. | 节点池中节点的规格。
initialNodeCount | How many nodes the pool is to have. | 节点池的期望节点数。
ignoreInitialNodeCount | Whether the number of nodes stays as it is. | 是否保持节点数不变。
autoscaling | When the size changes by itself. | 自动伸缩策略。
enable | Whether it is switched on. | 是否开启。
enabled | Whether it is enabled. | 是否启用。
minNodeCount | How few nodes there may be. | 最少节点数。
maxNodeCount | How many nodes there may be. | 最多节点数。
scaleDownCooldownTime | Minutes between growing and shrinking. | 扩容后多久可缩容，单位分钟。
priority | What comes first: the higher number. | 优先级，数值越大越优先。
Rule.priority | What comes first: the lower number. | 优先级，数值越小越优先。
nodeManagement | Where the servers of the pool are placed. | 节点池服务器的放置方式。
serverGroupReference | The id of the server group of the pool. | 节点池的云服务器组 ID。
podSecurityGroups | The security groups of pods. | 容器使用的安全组。
customSecurityGroups | The ids of the security groups of the nodes. | 节点使用的安全组 ID。
extensionScaleGroups | Further groups of the pool, each with a size of its own. | 节点池的扩展伸缩组。
desiredNodeCount | How many nodes there are to be. | 期望的节点数。
scaleGroups | The groups of the pool that grow or shrink; `default` is the pool's own. | 参与伸缩的伸缩组，default 为默认组。
nodeList | The nodes, or servers. | 节点或服务器列表。
nodes | The nodes. | 节点列表。
serverConfig | What the server has. | 服务器的配置。
volumeConfig | What becomes of the disks. | 磁盘的处理方式。
addonTemplateName | The name of the template of the add-on. | 插件模板名称。
addonInstanceID | The id of the add-on. | 插件实例 ID。
addons | What becomes of add-ons. | 各插件的处理方式。
clusterUpgradeAction | How the cluster is upgraded. | 集群升级的方式。
autopilotClusterUpgradeAction | How the Autopilot cluster is upgraded. | Autopilot 集群升级的方式。
strategy | How the upgrade goes on. | 升级策略。
inPlaceRollingUpdate | How many nodes at a time. | 原地滚动升级的步长设置。
userDefinedStep | How many nodes at a time. | 每批升级的节点数。
nodeOrder | Which nodes of a pool come first, by pool. | 各节点池内节点的升级顺序。
nodePoolOrder | Which pools come first: the higher number. | 节点池的升级顺序，数值大者优先。
maxUnavailable | How many nodes may be out of order at a time. | 同时不可用的最大节点数。
retryTimes | How often a node is tried again. | 节点失败后的重试次数。
skippedNodes | The ids of nodes that are left out. | 跳过的节点 ID。
flavorResize | The size to change to. | 变更的目标规格。
component | Whose credentials are renewed. | 要轮转凭证的组件。
namespace | The Kubernetes namespace. | Kubernetes 命名空间。
namespaces | Kubernetes namespaces; `*` is all. | Kubernetes 命名空间，* 表示全部。
serviceAccount | The Kubernetes service account. | Kubernetes 服务账号。
clusters | The clusters. | 集群列表。
AccessPolicyToWrite.clusters | The ids of the clusters; `*` is all. | 集群 ID，* 表示全部。
accessScope | Which namespaces the policy concerns. | 策略生效的命名空间。
policyType | What the policy allows. | 策略授予的权限类型。
principal | Whom the policy concerns. | 策略的授权对象。
Principal.ids | The ids of users, groups or agencies. | 用户、用户组或委托的 ID。
duration | For how long. | 时长。
CertificateToCreate.duration | For how many days; -1 is as long as possible. | 有效天数，-1 表示最长。
JobInFull.duration | Seconds from the start to the end. | 从开始到结束的秒数。
JobRow.duration | Seconds from the start to the end. | 从开始到结束的秒数。
JobStep.duration | Seconds from the start to the end. | 从开始到结束的秒数。
expire_at | When it ends. | 到期时间。
images | The images. | 镜像列表。
image_cache_size | The size of the cache in GiB. | 镜像缓存大小，单位 GiB。
retention_days | For how many days it is kept. | 保留天数。
building_config | Where the images are fetched. | 构建镜像缓存的环境。
image_pull_secrets | The secrets to fetch images with. | 拉取镜像所用的密钥。
ttl_in_days | For how many days logs are kept. | 日志保留天数。
log_configs | Which logs are collected. | 收集哪些日志。
chart_id | The id of the chart. | 模板 ID。
chart_name | The name of the chart. | 模板名称。
chart_version | The version of the chart. | 模板版本。
parameters | How to go about it. | 操作的选项。
content | The packaged chart, `name-version.tgz`. | 打包的模板文件，名为 name-version.tgz。
dry_run | Whether only to try whether it would work. | 是否仅试运行。
volumeID | The id of the volume. | 云硬盘 ID。
storageClassName | The name of the storage class. | 存储类名称。
accessModes | How the volume may be mounted. | 存储卷的访问模式。
storageType | The type of the storage. | 存储类型。
url | The address. | 地址。
WebhookToCreate.url | Where events are sent. | 事件投递的地址。
secret | The secret; it is shown once. | 密钥，仅显示一次。
step | The type of the step. | 步骤类型。
class | Whose the failure is. | 失败的类别。
times | How often it strikes. | 生效次数。
cluster | The cluster. | 集群。
mode | How it is done. | 方式。
cause | Why it failed, and what to do. | 失败原因与处理建议。
JobInFull.steps | All jobs of the tree. | 任务树中的全部任务。
attempt | Which try it is, beginning with 1. | 第几次尝试，从 1 开始。
progress | How far it is, from 0 to 1. | 进度，取值 0 到 1。
startedAt | When it began. | 开始时间。
endedAt | When it ended. | 结束时间。
submittedAt | When it was asked for. | 提交时间。
createdAt | When it was made. | 创建时间。
create_time | When it was made. | 创建时间。
created_at | When it was made. | 创建时间。
create_at | When it was made. | 创建时间。
update_at | When it was last changed. | 最近修改时间。
revision | Counts the changes of the job. | 任务的修订号。
nextMarker | What to ask for the next page with. | 查询下一页时使用的标记。
pageInfo | Where the page ends. | 分页信息。
links | Where the document is found. | 文档的链接。
auth | Who asks, and for what. | 身份与授权范围。
identity | How the caller proves who it is. | 证明身份的方式。
methods | The methods of proof, such as password. | 认证方法，如 password。
email | The address for mail. | 邮箱。
phone | The telephone number. | 电话号码。
areacode | The country's code of the telephone number. | 电话的国家码。
access_mode | Whether the user may use programs, the console or both (`default`). | 用户的访问方式：编程、控制台或两者（default）。
pwd_status | Whether the password must be changed at the first log-in. | 首次登录是否须修改密码。
original_password | The password until now. | 原密码。
trust_domain_id | The id of the account that is trusted. | 被委托账号的 ID。
CallerAnswer.account_id | The id of the caller's account. | 调用者所属账号的 ID。
principal_id | The id of the caller. | 调用者的 ID。
principal_urn | The name of the caller in the form of resources. | 调用者的 URN。
catalog | The services with their endpoints. | 服务目录，含各服务的终端节点。
interface | Whom the endpoint is for: public. | 终端节点的可见范围，为 public。
region | The region. | 区域。
region_id | The id of the region. | 区域 ID。
service_id | The id of the service. | 服务 ID。
parent_region_id | The id of the region that it is in; there is none. | 父区域 ID，始终为空。
locales | The region's name, by language. | 区域名称，按语言区分。
endpoints | Where it answers. | 终端节点列表。
access | The access key, without its secret. | 访问密钥 AK。
securitytoken | What requests with this key send as X-Security-Token. | 使用该密钥时随请求发送的 X-Security-Token。
issued_at | When it was issued. | 签发时间。
expires_at | When it ends. | 到期时间。
TokenShown.roles | What its user may do: everything in the account. | 用户的角色：可操作账号内的全部资源。
href | Where it is. | 链接地址。
rel | What is at the link: self. | 链接的含义，为 self。
updated | When this version of the API was made. | 该版本的发布时间。
min_version | The oldest minor version; there are none. | 最小微版本，始终为空。
self | Where the document is. | 文档自身的链接。
trust_domain_name | The name of the account that is trusted. | 被委托账号的名称。
Identity.policy | What the new key may do; a key that is to do less than its user is not made. | 新密钥的权限策略；不支持限制权限的密钥。
delegated_domain | The name of the account that is trusted. | 被委托账号的名称。
parent_id | The id of the parent. | 上级的 ID。
quotas | How much of each there may be, and is. | 各项配额与用量。
gateway_ip | The address of the gateway. | 网关地址。
dhcp_enable | Whether servers get addresses by DHCP. | 是否启用 DHCP。
primary_dns | The first DNS server. | 首选 DNS 服务器。
secondary_dns | The second DNS server. | 备用 DNS 服务器。
direction | Which way: ingress or egress. | 方向：ingress 入，egress 出。
ethertype | IPv4 or IPv6. | IPv4 或 IPv6。
protocol | The protocol, such as tcp. | 协议，如 tcp。
port_range_min | The first port. | 起始端口。
port_range_max | The last port. | 结束端口。
remote_ip_prefix | The range of the other side. | 对端网段。
remote_group_id | The id of the security group of the other side. | 对端安全组 ID。
security_group_id | The id of the security group. | 安全组 ID。
ip_version | 4 or 6. | 4 或 6。
public_key | The public key. | 公钥。
weekly_period | The days of the week, such as `Friday,Saturday`. | 一周中的哪几天，如 Friday,Saturday。
start_time | When it begins, in UTC, such as `16:00:00`. | 开始时间（UTC），如 16:00:00。
duration_hours | For how many hours. | 持续的小时数。
notBefore | The earliest time to begin. | 最早开始时间。
"""

FIELDS: Mapping[str, tuple[str, str]] = {
    name: (english, chinese)
    for name, english, chinese in (line.split(" | ") for line in _FIELDS.strip().split("\n"))
}
"""What each field means, in English and in Chinese, by its name or by document and name."""
