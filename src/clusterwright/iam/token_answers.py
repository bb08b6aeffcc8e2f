"""How answers about tokens, callers and the catalogue are described: the types of documents."""

from pydantic import Field

from clusterwright.iam.answers import LinksShown
from clusterwright.iam.wire import IdentityDocument


class HereShown(IdentityDocument):
    """Where a document is."""

    here: str = Field(alias="self")


class VersionLinkShown(IdentityDocument):
    """Where a version of the API is."""

    href: str
    rel: str


class VersionShown(IdentityDocument):
    """A version of the API."""

    id: str
    links: list[VersionLinkShown]
    min_version: str
    status: str
    updated: str
    version: str


class VersionAnswer(IdentityDocument):
    """One version."""

    version: VersionShown


class VersionsAnswer(IdentityDocument):
    """Versions, the newest first."""

    versions: list[VersionShown]


class Reference(IdentityDocument):
    """Something by its id and name."""

    id: str
    name: str


class ReferenceInDomain(Reference):
    """Something in a domain."""

    domain: Reference


class TokenUserShown(ReferenceInDomain):
    """Whose a token is."""

    password_expires_at: str


class EndpointInCatalog(IdentityDocument):
    """Where a service is."""

    id: str
    interface: str
    region: str
    region_id: str
    url: str


class ServiceInCatalog(IdentityDocument):
    """A service with its endpoints."""

    id: str
    name: str
    type: str
    endpoints: list[EndpointInCatalog]


class TokenShown(IdentityDocument):
    """What a token stands for: ``project`` or ``domain``, and ``catalog`` where asked for."""

    methods: list[str]
    issued_at: str
    expires_at: str
    user: TokenUserShown
    roles: list[Reference]
    project: ReferenceInDomain | None = None
    domain: Reference | None = None
    catalog: list[ServiceInCatalog] | None = None


class TokenAnswer(IdentityDocument):
    """One token. Its text is the header ``X-Subject-Token``."""

    token: TokenShown


class CatalogAnswer(IdentityDocument):
    """The services as seen from a project."""

    catalog: list[ServiceInCatalog]
    links: HereShown


class RegionShown(IdentityDocument):
    """A region."""

    id: str
    type: str
    description: str
    parent_region_id: str | None
    links: HereShown
    locales: dict[str, str]


class RegionAnswer(IdentityDocument):
    """One region."""

    region: RegionShown


class RegionsAnswer(IdentityDocument):
    """Regions."""

    regions: list[RegionShown]
    links: LinksShown


class ServiceShown(IdentityDocument):
    """A service by itself."""

    id: str
    name: str
    type: str
    description: str
    enabled: bool
    links: HereShown


class ServiceAnswer(IdentityDocument):
    """One service."""

    service: ServiceShown


class ServicesAnswer(IdentityDocument):
    """Services."""

    services: list[ServiceShown]
    links: LinksShown


class EndpointShown(EndpointInCatalog):
    """An endpoint by itself."""

    service_id: str
    enabled: bool
    links: HereShown


class EndpointAnswer(IdentityDocument):
    """One endpoint."""

    endpoint: EndpointShown


class EndpointsAnswer(IdentityDocument):
    """Endpoints."""

    endpoints: list[EndpointShown]
    links: LinksShown


class DomainShown(Reference):
    """A domain."""

    enabled: bool
    description: str
    links: HereShown


class DomainsAnswer(IdentityDocument):
    """Domains."""

    domains: list[DomainShown]
    links: HereShown


class TemporaryKeyShown(IdentityDocument):
    """A temporary access key with its secret."""

    access: str
    secret: str
    securitytoken: str
    expires_at: str


class TemporaryKeyAnswer(IdentityDocument):
    """One temporary key."""

    credential: TemporaryKeyShown


class CallerAnswer(IdentityDocument):
    """Who a caller is."""

    account_id: str
    principal_id: str
    principal_urn: str
