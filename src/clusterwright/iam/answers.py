"""How answers about users, projects, keys and roles are described: the types of documents."""

from typing import Any

from pydantic import Field

from clusterwright.iam.wire import IdentityDocument


class LinksShown(IdentityDocument):
    """Where a document is, and its neighbours."""

    here: str = Field(alias="self")
    previous: str | None
    next: str | None


class KeyShown(IdentityDocument):
    """A permanent access key; only the answer that makes it has the secret."""

    access: str
    user_id: str
    status: str
    description: str
    create_time: str
    secret: str = ""


class KeyAnswer(IdentityDocument):
    """One key."""

    credential: KeyShown


class KeysAnswer(IdentityDocument):
    """Keys."""

    credentials: list[KeyShown]


class ProjectShown(IdentityDocument):
    """A project; ``status`` where it was asked for."""

    id: str
    name: str
    domain_id: str
    parent_id: str
    is_domain: bool
    enabled: bool
    description: str
    status: str = ""
    links: LinksShown


class ProjectAnswer(IdentityDocument):
    """One project."""

    project: ProjectShown


class ProjectsAnswer(IdentityDocument):
    """Projects."""

    projects: list[ProjectShown]
    links: LinksShown


class UserShown(IdentityDocument):
    """A user."""

    id: str
    name: str
    domain_id: str
    enabled: bool
    description: str
    pwd_status: bool
    pwd_strength: str
    access_mode: str
    last_project_id: str
    password_expires_at: str | None
    links: LinksShown


class UserAnswer(IdentityDocument):
    """One user."""

    user: UserShown


class UsersAnswer(IdentityDocument):
    """Users."""

    users: list[UserShown]
    links: LinksShown


class UserInFull(IdentityDocument):
    """A user with all that was said of it."""

    id: str
    name: str
    domain_id: str
    enabled: bool
    description: str
    pwd_status: bool
    pwd_strength: str
    access_mode: str
    email: str
    areacode: str
    phone: str
    xuser_id: str
    xuser_type: str
    is_domain_owner: bool
    create_time: str
    pwd_create_time: str
    links: LinksShown


class UserInFullAnswer(IdentityDocument):
    """One user with all that was said of it."""

    user: UserInFull


class LoginProtectShown(IdentityDocument):
    """Whether a log-in is protected by more than a password."""

    user_id: str
    enabled: bool
    verification_method: str


class LoginProtectAnswer(IdentityDocument):
    """That of one user."""

    login_protect: LoginProtectShown


class LoginProtectsAnswer(IdentityDocument):
    """Those of all users."""

    login_protects: list[LoginProtectShown]


class GroupShown(IdentityDocument):
    """A group."""

    id: str
    name: str
    domain_id: str
    description: str
    create_time: int
    links: LinksShown


class GroupAnswer(IdentityDocument):
    """One group."""

    group: GroupShown


class GroupsAnswer(IdentityDocument):
    """Groups."""

    groups: list[GroupShown]
    links: LinksShown


class AgencyShown(IdentityDocument):
    """An agency; its duration is ``FOREVER`` or hours."""

    id: str
    name: str
    domain_id: str
    trust_domain_id: str
    trust_domain_name: str
    description: str
    duration: str
    create_time: str
    expire_time: str | None


class AgencyAnswer(IdentityDocument):
    """One agency."""

    agency: AgencyShown


class AgenciesAnswer(IdentityDocument):
    """Agencies."""

    agencies: list[AgencyShown]


class RoleShown(IdentityDocument):
    """A role."""

    id: str
    name: str
    display_name: str
    catalog: str
    type: str
    flag: str
    domain_id: str | None
    description: str
    description_cn: str
    policy: dict[str, Any]
    links: LinksShown


class RoleAnswer(IdentityDocument):
    """One role."""

    role: RoleShown


class RolesAnswer(IdentityDocument):
    """Roles that were given."""

    roles: list[RoleShown]
    links: LinksShown


class AllRolesAnswer(RolesAnswer):
    """Roles, and how many there are on all pages."""

    total_number: int


class AssignmentsAnswer(IdentityDocument):
    """Which groups and agencies have which roles, and how many there are on all pages."""

    role_assignments: list[dict[str, Any]]
    total_num: int
