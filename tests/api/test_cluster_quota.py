"""A project has so many clusters: counted on a server of its own, where none is on its way out."""

from pathlib import Path

from tests.api.cloud import cluster, open_cloud, unique

QUOTA = 3


async def test_clusters_are_refused_at_the_quota(database_url: str, tmp_path: Path) -> None:
    async with open_cloud(tmp_path, database=database_url, cluster_quota=QUOTA) as cloud:
        path = f"{cloud.project}/clusters"
        for _ in range(QUOTA):
            await cloud.call("POST", path, cluster(unique("c")), expect=201)

        refusal = await cloud.call("POST", path, cluster(unique("c")), expect=400)

        assert refusal["errorCode"] == "CCE.01400007"
        assert len((await cloud.call("GET", path, expect=200))["items"]) == QUOTA
