"""What is written in the databases' own dialects holds on both: pages, upserts, cascades."""

from pathlib import Path

from tests.api.cloud import open_cloud
from tests.api.nodes_examples import add_nodes, add_pool


async def test_pages_configurations_and_cascades_work_on_both_databases(
    tmp_path: Path, database_url: str
) -> None:
    async with open_cloud(tmp_path, database=database_url) as cloud:
        cluster = f"{cloud.project}/clusters/{await cloud.cluster()}"
        first, second = await add_nodes(cloud, cluster, count=2)
        pool = await add_pool(cloud, cluster, size=1)
        items = [{"name": "max-pods", "value": 64}]
        body = {
            "kind": "Configuration",
            "apiVersion": "v3",
            "spec": {"packages": [{"name": "kubelet", "configurations": items}]},
        }

        marker = first["metadata"]["uid"]
        page = await cloud.call("GET", f"{cluster}/nodes?limit=1&marker={marker}", expect=200)
        once = await cloud.call("PUT", f"{pool}/configuration", body, expect=200)
        again = await cloud.call("PUT", f"{pool}/configuration", body, expect=200)
        detail = await cloud.call("GET", f"{cluster}?detail=true", expect=200)
        await cloud.call("DELETE", cluster, expect=200)
        await cloud.until_gone(cluster)

        assert page["items"] == [second]
        assert once == again
        assert detail["metadata"]["annotations"]["activeNodesNumber"] == "3"
        await cloud.call("GET", f"{cluster}/nodes", expect=404)
        await cloud.call("GET", pool, expect=404)
