"""Charts on real clusters: Helm installs them, and the cluster says what has come of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clusterwright.drivers.contract import DriverError, Release, ReleaseName
from clusterwright.drivers.local.charts import LocalReleases
from clusterwright.drivers.local.driver import LocalDriver
from tests import kubernetes, packages
from tests.drivers import local_host
from tests.drivers.examples import a_cluster, a_node
from tests.drivers.local_host import Kubernetes
from tests.helm import HELM, needs_helm
from tests.kit import until_async

pytestmark = [kubernetes.needs_kubernetes, needs_helm]

CLUSTER = replace(a_cluster(), version="v1.34")
NAMED = ReleaseName(cluster=CLUSTER, namespace="default", name="web")
MAP = "/api/v1/namespaces/default/configmaps/web"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, app.kubernetes.io/instance: {{ .Release.Name }}}}
    spec: {containers: [{name: main, image: example.test/main}]}
"""


@pytest.fixture
async def driver(tmp_path: Path) -> AsyncIterator[LocalDriver]:
    """A driver with one cluster that is ready."""
    async with local_host.driver(tmp_path) as opened:
        await opened.ensure_credentials(CLUSTER)
        await opened.ensure_control_plane(CLUSTER)
        await local_host.until_ready(opened, CLUSTER)
        yield opened


def releases(driver: LocalDriver, folder: Path, seconds: int = 60) -> LocalReleases:
    """The verbs with the program, and some patience."""
    return LocalReleases(folder, HELM, driver._planes.inside, waiting_seconds=seconds)


async def inside(driver: LocalDriver) -> Kubernetes:
    return Kubernetes(await driver.kubeconfig(CLUSTER, user="alice", lifetime_seconds=86_400))


def wanted(revision: int, version: str = "1.0.0", **more: Any) -> Release:
    values = json.dumps({"greeting": f"hello {revision}"})
    archive = packages.chart("demo", version)
    known: dict[str, Any] = {"named": NAMED, "revision": revision, "archive": archive}
    return Release(**(known | {"values": values} | more))


async def test_a_release_is_installed_changed_taken_back_and_gone(
    driver: LocalDriver, tmp_path: Path
) -> None:
    verbs, cluster = releases(driver, tmp_path), await inside(driver)

    await verbs.ensure(wanted(1))
    await verbs.ensure(wanted(1))  # a step may run again
    first = await verbs.observe(NAMED)
    await verbs.ensure(wanted(2, "2.0.0"))
    second = await verbs.observe(NAMED)
    greetings = [cluster.read(MAP)["data"]["greeting"]]
    await verbs.ensure(wanted(3, archive=b"", back_to=first.number))
    await verbs.ensure(wanted(3, archive=b"", back_to=first.number))
    third = await verbs.observe(NAMED)
    greetings.append(cluster.read(MAP)["data"]["greeting"])
    await verbs.delete(NAMED)
    await verbs.delete(NAMED)

    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert all(each.ready for each in (first, second, third))
    assert "hello 1" in first.manifests
    assert greetings == ["hello 2", "hello 1"]
    assert not (await verbs.observe(NAMED)).exists
    assert cluster.get(MAP) == 404


async def test_what_does_not_come_to_be_is_told_with_its_root_cause(
    driver: LocalDriver, tmp_path: Path
) -> None:
    nobody = replace(NAMED, namespace="nobody")
    broken = packages.packed(
        packages.files() | {"templates/x.yaml": "kind: Nothing\napiVersion: x/v1"}
    )
    lonely = packages.packed(packages.files() | {"templates/x.yaml": DEPLOYMENT})

    said = []
    for release in (
        wanted(1, named=nobody),
        wanted(1, archive=broken),
        wanted(1, archive=lonely),
    ):
        with pytest.raises(DriverError) as refused:
            await releases(driver, tmp_path, seconds=5).ensure(release)
        said.append(str(refused.value))

    assert 'namespaces "nobody" not found' in said[0]
    assert "Nothing" in said[1]
    assert "no nodes available" in said[2]


async def test_pods_that_run_make_a_release_ready(driver: LocalDriver, tmp_path: Path) -> None:
    await driver.ensure_node(a_node("n1", cluster=CLUSTER))
    archive = packages.packed(packages.files() | {"templates/x.yaml": DEPLOYMENT})

    await releases(driver, tmp_path).ensure(wanted(1, archive=archive))

    found = (await inside(driver)).read("/apis/apps/v1/namespaces/default/deployments/web")
    assert found["status"]["readyReplicas"] == 1


async def test_a_helm_that_was_killed_at_work_keeps_nobody_from_going_on(
    driver: LocalDriver, tmp_path: Path
) -> None:
    lonely = packages.packed(packages.files() | {"templates/x.yaml": DEPLOYMENT})
    verbs, cluster = releases(driver, tmp_path), await inside(driver)
    work = asyncio.create_task(verbs.ensure(wanted(1, archive=lonely)))
    path = "/apis/apps/v1/namespaces/default/deployments/web"
    await until_async("it is installed", lambda: cluster.get(path) == 200, 60)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert not (await verbs.observe(NAMED)).ready

    await verbs.ensure(wanted(1))

    assert (await verbs.observe(NAMED)).ready
    assert cluster.get("/apis/apps/v1/namespaces/default/deployments/web") == 404
