"""Migrations build exactly the schema that the stores declare."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import clusterwright.app  # noqa: F401  # declares every table
from clusterwright.storage import database, migrations
from clusterwright.storage.database import metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.storage.migrations import runner
from tests import postgresql

WRITTEN_BY_THE_SERVER = {
    "clusters.eip",
    "clusters.masters",
    "job_durations.seconds",
    "job_trees.arguments",
    "jobs.cause",
    "jobs.extend_param",
    "upgrade_tasks.findings",
}
"""Columns of JSON whose size does not depend on what a client sends."""

GROWS_WITH = {
    "access_keys": "temporary access keys of a user",
    "iam_agencies": "agencies of a domain",
    "iam_assignments": "memberships in groups of a domain",
    "iam_groups": "groups of a domain",
    "iam_memberships": "memberships in groups of a domain",
    "projects": "projects of a domain",
    "removed_identities": "users and keys that were deleted",
    "users": "users of a domain",
    "access_policies": "access policies of a project",
    "addon_checks": "checks of add-ons of a cluster",
    "addons": "add-ons of a cluster",
    "certificate_revocations": "users and agencies whose certificates",
    "chart_pieces": "charts of a project",
    "charts": "charts of a project",
    "cluster_names": "clusters of a project",
    "cluster_ranges": "clusters of a project",
    "clusters": "clusters of a project",
    "idempotency_keys": "idempotency keys of a user in a project",
    "image_caches": "image caches of a project",
    "job_events": "unfinished jobs of a cluster",
    "job_trees": "unfinished jobs of a cluster",
    "jobs": "unfinished jobs of a cluster",
    "kubernetes_objects": "namespaces and claims inside a simulated cluster",
    "log_configs": "log configuration of a cluster",
    "maintenance_windows": "maintenance window of a cluster",
    "neighbour_records": "VPCs, subnets, public addresses, security groups, rules and key pairs",
    "nodepool_configurations": "configuration of a pool",
    "node_leases": "nodes of a cluster",
    "nodepools": "node pools of a cluster",
    "nodes": "nodes of a cluster",
    "partitions": "partitions of a cluster",
    "pod_identities": "associations of service accounts with agencies",
    "release_revisions": "releases of a cluster",
    "released_servers": "servers of a project that were taken out of clusters",
    "releases": "releases of a cluster",
    "simulated_certificates": "certificates of a user of a cluster",
    "simulated_clusters": "clusters of a project",
    "simulated_machines": "nodes of a cluster",
    "simulated_releases": "releases of a cluster",
    "webhooks": "webhooks of a project",
    "webhook_deliveries": "deliveries of a webhook",
    "upgrade_tasks": "upgrades, pre-checks, post-checks, snapshots and workflows",
    "volume_claims": "claims of cloud volumes of a cluster",
    "upgrade_workflows": "upgrades, pre-checks, post-checks, snapshots and workflows",
}
"""Which row of docs/limits.md bounds each table that requests add to."""
GROWS_WITH_OPERATORS = {
    "cluster_quotas",
    "domains",
    "iam_revision",
    "job_durations",
    "revoked_tokens",
    "sent_traces",
    "server_key",
    "simulated_faults",
    "workers",
}
"""Tables with a row for what an operator makes; revocations expire besides."""


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A synchronous engine on a database of each kind without any table."""
    made = (
        nullcontext(f"sqlite:///{tmp_path / 'clusterwright.db'}")
        if request.param == "sqlite"
        else postgresql.fresh_database(request.getfixturevalue("postgresql_server"), bare=True)
    )
    with made as url:
        engine = database.sync_engine(sa.make_url(url))
        yield engine
        engine.dispose()


def test_migrations_build_the_declared_schema(engine: sa.Engine) -> None:
    migrations.migrate(engine.url)

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": runner.is_ours,
                "compare_type": True,
                "compare_server_default": True,
            },
        )
        differences = compare_metadata(context, metadata)
        found = set(sa.inspect(connection).get_table_names())

    assert differences == []
    assert found == {*metadata.tables, "alembic_version"}


def test_the_newest_revision_is_the_one_that_starts_expect(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        script = ScriptDirectory.from_config(runner.configuration(connection))

    assert script.get_heads() == [migrations.HEAD]


def test_a_second_migration_changes_nothing(engine: sa.Engine) -> None:
    migrations.migrate(engine.url)
    migrations.migrate(engine.url)

    with engine.connect() as connection:
        revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()

    assert revision == migrations.HEAD


def test_an_older_database_keeps_its_nodes_and_lets_each_project_name_its_servers(
    engine: sa.Engine,
) -> None:
    with engine.begin() as connection:
        command.upgrade(runner.configuration(connection), "0001")
        add(connection, "clusters", uid="c")
        add(connection, "nodes", uid="old", cluster_uid="c", project_id="p", server_id="s")

    migrations.migrate(engine.url)

    with engine.begin() as connection:
        add(connection, "nodes", uid="other", cluster_uid="c", project_id="q", server_id="s")
        nodes = connection.execute(sa.text("SELECT uid FROM nodes ORDER BY uid")).scalars().all()
    assert nodes == ["old", "other"]
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        add(connection, "nodes", uid="twice", cluster_uid="c", project_id="p", server_id="s")


def test_the_only_user_of_a_domain_becomes_its_administrator(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(runner.configuration(connection), "0013d")
        for domain, users in (("d", ["alone"]), ("e", ["one", "other"])):
            add(connection, "domains", id=domain, name=domain)
            for user in users:
                add(connection, "users", id=user, domain_id=domain, name=user)

    migrations.migrate(engine.url)

    with engine.begin() as connection:
        found = connection.execute(sa.text("SELECT id FROM users WHERE administrator")).scalars()
        assert found.all() == ["alone"]


def add(connection: sa.Connection, name: str, /, **values: str) -> None:
    """A row of a table as it is in this database; what is not given is zero, or nothing."""
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    filler: dict[type[Any], Any] = {sa.String: "", sa.JSON: {}, sa.Boolean: False}
    row = {
        column.name: next((v for kind, v in filler.items() if isinstance(column.type, kind)), 0)
        for column in table.columns
    }
    connection.execute(sa.insert(table).values(row | values))


def test_every_document_that_a_client_sends_has_a_largest_size() -> None:
    columns = [column for table in metadata.tables.values() for column in table.columns]

    unbounded = {str(column) for column in columns if isinstance(column.type, sa.JSON)}

    assert unbounded == WRITTEN_BY_THE_SERVER
    assert any(isinstance(column.type, BoundedJSON) for column in columns)


def test_every_table_that_requests_add_to_has_a_bound() -> None:
    page = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()

    assert metadata.tables.keys() == GROWS_WITH.keys() | GROWS_WITH_OPERATORS
    assert [what for what in GROWS_WITH.values() if f"| {what}" not in page] == []
