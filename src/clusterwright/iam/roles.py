"""The roles that can be given: a choice of the public service's, of which nothing follows here."""

from dataclasses import dataclass
from hashlib import md5


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the system. ``type`` is AX for the whole domain, XA for projects, AA for both."""

    id: str
    name: str
    display_name: str
    catalog: str
    type: str
    description: str
    description_cn: str
    actions: tuple[str, ...]


# ruff: noqa: E501  # one role per line reads better than any wrapping
_TABLE = """
te_admin | Tenant Administrator | BASE | AA | Everything but identities. | 除统一身份认证外的所有权限。 | *:*:*
readonly | Tenant Guest | BASE | AA | Reading everything but identities. | 除统一身份认证外的只读权限。 | *:*:get* *:*:list*
secu_admin | Security Administrator | IAM | AX | Managing identities. | 管理统一身份认证。 | iam:*:*
agent_operator | Agent Operator | IAM | AX | Acting by an agency. | 切换委托角色。 | iam:agencies:assume
cce_adm | CCE Administrator | CCE | XA | Everything about clusters. | 云容器引擎的所有权限。 | cce:*:*
system_all_cce_full | CCE FullAccess | CCE | XA | Everything about clusters but what is inside. | 云容器引擎的普通操作权限，不含集群内资源。 | cce:*:*
system_all_cce_read | CCE ReadOnlyAccess | CCE | XA | Reading clusters. | 云容器引擎的只读权限。 | cce:*:get cce:*:list
vpc_netadm | VPC Administrator | VPC | XA | Managing networks. | 管理虚拟私有云。 | vpc:*:*
system_all_vpc_full | VPC FullAccess | VPC | XA | Everything about networks. | 虚拟私有云的所有权限。 | vpc:*:*
system_all_vpc_read | VPC ReadOnlyAccess | VPC | XA | Reading networks. | 虚拟私有云的只读权限。 | vpc:*:get vpc:*:list
server_adm | Server Administrator | BASE | XA | Managing servers. | 管理云服务器。 | ecs:*:* evs:*:* vpc:*:*
system_all_ecs_full | ECS FullAccess | ECS | XA | Everything about servers. | 弹性云服务器的所有权限。 | ecs:*:*
system_all_ecs_read | ECS ReadOnlyAccess | ECS | XA | Reading servers. | 弹性云服务器的只读权限。 | ecs:*:get ecs:*:list
system_all_evs_full | EVS FullAccess | EVS | XA | Everything about disks. | 云硬盘的所有权限。 | evs:*:*
elb_adm | ELB Administrator | ELB | XA | Managing load balancers. | 管理弹性负载均衡。 | elb:*:*
system_all_elb_full | ELB FullAccess | ELB | XA | Everything about load balancers. | 弹性负载均衡的所有权限。 | elb:*:*
obs_adm | OBS Administrator | OBS | AX | Managing object storage. | 管理对象存储。 | obs:*:*
system_all_obs_operate | OBS OperateAccess | OBS | AX | Using object storage. | 使用对象存储。 | obs:object:*
swr_adm | SWR Administrator | SWR | XA | Managing images of containers. | 管理容器镜像。 | swr:*:*
kms_adm | KMS Administrator | KMS | XA | Managing keys. | 管理密钥。 | kms:*:*
lts_admin | LTS Administrator | LTS | XA | Managing logs. | 管理云日志。 | lts:*:*
apm_adm | APM Administrator | APM | XA | Managing traces. | 管理应用性能。 | apm:*:*
"""


def _roles() -> dict[str, Role]:
    found = {}
    for line in _TABLE.strip().split("\n"):
        name, display, catalog, kind, english, chinese, actions = line.split(" | ")
        id = md5(f"role {name}".encode(), usedforsecurity=False).hexdigest()
        row = (id, name, display, catalog, kind, english, chinese, tuple(actions.split()))
        found[id] = Role(*row)
    return found


ROLES = _roles()
"""Every role, by its id, which is the same in every installation."""
