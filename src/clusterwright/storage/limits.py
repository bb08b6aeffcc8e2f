"""How much requests may leave behind (docs/limits.md); without a bound, one client fills the disk.

What an operator may want to move is a setting: the quotas of ``settings.py``. The rest stands here.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin

from clusterwright.document import Malformed

KIB = 1024

DOCUMENT = 64 * KIB
"""Bytes of JSON that are kept of one document: a cluster's spec, an add-on's values, a policy."""
NODE_SPEC = 16 * KIB
"""The same of a node's spec, of which one request may leave 2000. Its scripts, the largest part,
have at most 10 KiB (API reference, 9).
"""
POOL_SPEC = NODE_SPEC - KIB
"""A pool's template becomes its nodes' spec; the difference is what nodes get besides."""
CHART_VALUES = 128 * KIB
"""The same of a chart's values, which every list of charts repeats."""
LABELS = 4 * KIB
"""The same of labels or of annotations."""

IMAGE_CACHE = 32 * KIB
"""The same of an image cache, whose 20 images may have names of a KiB each."""

MOST_FAULTS = 100
"""That users armed for one project, those used up counted."""
MOST_PARTITIONS = 50
"""Of one cluster."""
MOST_IMAGE_CACHES = 50
"""Of one project."""
MOST_CLAIMS = 200
"""Claims of cloud volumes of one cluster."""
MOST_REVOKED = 500
"""Users and agencies whose certificates of one cluster were ever revoked."""
MOST_IDENTITIES = 500
"""Associations of service accounts with agencies, of one cluster."""
MOST_OBJECTS = 200
"""Namespaces and claims that clients make inside one simulated cluster."""
MOST_RELEASES = 200
"""Of one cluster."""
MOST_RECORDS = 200
"""Of each kind of what clients make around clusters, in one project."""
MOST_TAGS = 20
"""Of one cluster, and of one server."""
MOST_KEYS = 10_000
"""Idempotency keys of one user in one project, in one day."""
MOST_UNFINISHED_JOBS = 200
"""Of one cluster, those that were asked to stop not counted."""

KEYS_OF_USER = 2
"""Permanent access keys of one user, as at the public service."""
MOST_PROJECTS = 100
"""Of one domain; clients can delete none."""
MOST_USERS = 500
"""Of one domain, as clients make them."""
MOST_GROUPS = 100
"""Of one domain."""
MOST_AGENCIES = 100
"""Of one domain, the built-in one not counted."""
MOST_GRANTS = 2000
"""Memberships of one domain's groups, and as many roles that its groups and agencies have."""

KEPT_REMOVALS = 1000
"""Changes of identities for which it is kept which users and keys they removed, as other processes
are told; who is further behind reads all.
"""
KEPT_TASKS = 50
"""Upgrades, checks of each kind, snapshots and workflows of one cluster; older ones are forgotten,
for clients cannot delete any.
"""
KEPT_REVISIONS = 10
"""Of one release, as many as Helm keeps."""
KEPT_SERVERS = 1000
"""Servers of one project that were taken out of clusters; of older ones nothing is known."""
KEPT_ADDON_CHECKS = 200
"""Of one cluster, likewise."""
KEPT_CERTIFICATES = 20
"""Lifetimes for which a user's certificate of one cluster stays the same."""

LIST = 8 * KIB * KIB
"""Bytes after which a page of nodes ends, whatever its limit."""


class TooLarge(Malformed, DontWrapMixin):
    """A document that is too large to be kept; SQLAlchemy passes it on as it is."""


class BoundedJSON(sa.TypeDecorator[Any]):
    """A column for what clients have sent, in which no document over ``most`` bytes is kept.

    Whatever way leads to the column, creation, update or merge, this is on it. Raises TooLarge,
    naming ``field``: what clients call the document.
    """

    impl = sa.JSON
    cache_ok = True

    def __init__(self, field: str, most: int = DOCUMENT) -> None:
        super().__init__()
        self.field = field
        self.most = most

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """As SQLAlchemy asks for it: from the value to its JSON text."""
        encode = super().bind_processor(dialect)
        assert encode is not None

        def bounded(value: Any) -> str:
            text: str = encode(value)
            size = len(text.encode())
            if size > self.most:
                rule = f"At most {self.most} bytes of JSON are kept, and this has {size}."
                raise TooLarge(self.field, rule)
            return text

        return bounded
