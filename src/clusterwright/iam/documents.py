"""What the identity service answers: Keystone's documents (API reference, section 2)."""

from typing import Any

from clusterwright.clock import rfc3339
from clusterwright.iam.grants import Agency, Assignment, Group, Scope
from clusterwright.iam.roles import Role
from clusterwright.iam.store import AccessKey, Domain, Project, Snapshot, User
from clusterwright.iam.tokens import Token

Json = dict[str, Any]

# Type, name and URL; those with a project are left out where there is none. The OpenTelekomCloud
# provider takes every endpoint from here and completes each in its own way: it puts the path and
# the project behind ccev2.0 itself, but only a resource behind ecs, and the name of a Kubernetes
# node behind cce (client notes, B9).
_CATALOG = (
    ("identity", "iam", "{base}/v3"),
    ("cce", "cce", "{base}/api/v1"),
    ("ccev2.0", "ccev2.0", "{base}"),
    ("ecs", "ecs", "{base}/v1/{project}"),
    ("compute", "nova", "{base}/v2.1/{project}"),
    ("network", "neutron", "{base}"),
    ("vpc", "vpc", "{base}/v1/{project}"),
    ("volumev3", "cinderv3", "{base}/v3/{project}"),
)
_UPDATED = "2018-09-15T00:00:00Z"


def catalog(base: str, region: str, project_id: str) -> list[Json]:
    """The services and their public endpoints, as seen from a project."""
    return [
        {
            "id": name,
            "name": name,
            "type": kind,
            "endpoints": [
                {
                    "id": f"{name}-{region}",
                    "interface": "public",
                    "region": region,
                    "region_id": region,
                    "url": url.format(base=base, project=project_id),
                }
            ],
        }
        for kind, name, url in _CATALOG
        if project_id or "{project}" not in url
    ]


def services(catalogue: list[Json], base: str) -> list[Json]:
    """The services of a catalogue, each by itself."""
    return [
        {
            "id": service["id"],
            "name": service["name"],
            "type": service["type"],
            "description": "",
            "enabled": True,
            "links": {"self": f"{base}/v3/services/{service['id']}"},
        }
        for service in catalogue
    ]


def endpoints(catalogue: list[Json], base: str) -> list[Json]:
    """The endpoints of a catalogue, each by itself."""
    return [
        endpoint
        | {
            "service_id": service["id"],
            "enabled": True,
            "links": {"self": f"{base}/v3/endpoints/{endpoint['id']}"},
        }
        for service in catalogue
        for endpoint in service["endpoints"]
    ]


def region(id: str, base: str) -> Json:
    """The one region that this server is."""
    return {
        "id": id,
        "type": "public",
        "description": "",
        "parent_region_id": None,
        "links": {"self": f"{base}/v3/regions/{id}"},
        "locales": {"en-us": id, "zh-cn": id},
    }


def token(said: Token, snapshot: Snapshot, services: list[Json] | None) -> Json:
    """What a token stands for."""
    user = snapshot.users[said.user_id]
    domain = _reference(snapshot.domains[said.domain_id])
    document: Json = {
        "methods": said.methods,
        "issued_at": rfc3339(said.issued_at),
        "expires_at": rfc3339(said.expires_at),
        "user": _reference(user) | {"password_expires_at": "", "domain": domain},
        "roles": [{"id": "0", "name": "te_admin"}],
    }
    if said.project_id:
        project = snapshot.projects[said.project_id]
        document["project"] = _reference(project) | {"domain": domain}
    else:
        document["domain"] = domain
    if services is not None:
        document["catalog"] = services
    return {"token": document}


def _reference(record: Domain | Project | User) -> Json:
    return {"id": record.id, "name": record.name}


def project(found: Project, base: str) -> Json:
    """A project."""
    return _reference(found) | {
        "domain_id": found.domain_id,
        "parent_id": found.parent_id or found.domain_id,
        "is_domain": False,
        "enabled": found.enabled,
        "description": found.description,
        "links": links(f"{base}/v3/projects/{found.id}"),
    }


def domain(found: Domain, base: str) -> Json:
    """A domain."""
    return _reference(found) | {
        "enabled": found.enabled,
        "description": "",
        "links": {"self": f"{base}/v3/domains/{found.id}"},
    }


def user(found: User, base: str) -> Json:
    """A user."""
    told = found.profile or {}
    return _reference(found) | {
        "domain_id": found.domain_id,
        "enabled": found.enabled,
        "description": told.get("description", ""),
        "pwd_status": told.get("pwd_status", False),
        "pwd_strength": "High",
        "access_mode": told.get("access_mode", "default"),
        "last_project_id": "",
        "password_expires_at": None,
        "links": links(f"{base}/v3/users/{found.id}"),
    }


def user_in_full(found: User, base: str) -> Json:
    """A user with all that was said of it, as the service's own paths have it."""
    told = found.profile or {}
    document = user(found, base)
    del document["last_project_id"], document["password_expires_at"]
    texts = ("email", "areacode", "phone", "xuser_id", "xuser_type")
    return (
        document
        | {name: told.get(name, "") for name in texts}
        | {
            "is_domain_owner": bool(found.administrator),
            "create_time": rfc3339(found.created_at or found.password_changed_at),
            "pwd_create_time": rfc3339(found.password_changed_at),
        }
    )


def access_key(found: AccessKey) -> Json:
    """A permanent access key, without its secret."""
    return {
        "access": found.access_key,
        "user_id": found.user_id,
        "status": "active" if found.enabled else "inactive",
        "description": found.description,
        "create_time": rfc3339(found.created_at),
    }


def group(found: Group, base: str) -> Json:
    """A group."""
    return {
        "id": found.id,
        "name": found.name,
        "domain_id": found.domain_id,
        "description": found.description,
        "create_time": found.created_at // 1_000_000,
        "links": links(f"{base}/v3/groups/{found.id}"),
    }


def agency(found: Agency) -> Json:
    """An agency. Its duration is a text, of hours or for ever (API reference, 2.6)."""
    ends = found.created_at + found.hours * 3600 * 1_000_000_000
    return {
        "id": found.id,
        "name": found.name,
        "domain_id": found.domain_id,
        "trust_domain_id": found.trust_domain_id,
        "trust_domain_name": found.trust_domain_name,
        "description": found.description,
        "duration": str(found.hours) if found.hours else "FOREVER",
        "create_time": _plain(found.created_at),
        "expire_time": _plain(ends) if found.hours else None,
    }


def _plain(at: int) -> str:
    return rfc3339(at).removesuffix("Z")


def role(found: Role, base: str) -> Json:
    """A role."""
    statements = [{"Effect": "Allow", "Action": list(found.actions)}]
    return {
        "id": found.id,
        "name": found.name,
        "display_name": found.display_name,
        "catalog": found.catalog,
        "type": found.type,
        "flag": "",
        "domain_id": None,
        "description": found.description,
        "description_cn": found.description_cn,
        "policy": {"Version": "1.1", "Statement": statements, "Depends": []},
        "links": links(f"{base}/v3/roles/{found.id}"),
    }


def assignment(found: Assignment) -> Json:
    """A role that a group or an agency has."""
    where = "project" if found.scope is Scope.PROJECT else "domain"
    return {
        "role": {"id": found.role_id},
        found.kind: {"id": found.subject},
        "scope": {where: {"id": found.scope_id}},
        "is_inherited": found.scope is Scope.INHERITED,
    }


def links(here: str, *, previous: str | None = None, after: str | None = None) -> Json:
    """Where a document is, and its neighbours."""
    return {"self": here, "previous": previous, "next": after}


def version(base: str) -> Json:
    """The identity service's version, for clients that look before they log in."""
    return _version("v3", base)


def versions(base: str) -> Json:
    """The list that both the CCE SDK and Keystone's clients read at ``/`` (API reference, 1.1).

    Keystone's clients log in at the link of the newest version (client notes, B10), so both lead to
    the one identity service.
    """
    return {"versions": [_version("v3", base), _version("v3.1", base)]}


def _version(id: str, base: str) -> Json:
    return {
        "id": id,
        "links": [{"href": f"{base}/v3", "rel": "self"}],
        "min_version": "",
        "status": "CURRENT" if id == "v3" else "SUPPORTED",
        "updated": _UPDATED,
        "version": "",
    }
