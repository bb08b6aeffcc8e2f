"""Whether users may arm faults is the operator's to say."""

from pathlib import Path

from tests.api.cloud import open_cloud
from tests.api.test_live import extension


async def test_an_operator_may_forbid_it(tmp_path: Path) -> None:
    async with open_cloud(tmp_path, user_faults=False) as cloud:
        path = f"{extension(cloud)}/faults"
        refused = await cloud.call("POST", path, {"step": "CreateNodeVM"}, expect=403)
        told = await cloud.call("GET", path, expect=200)

    assert "clusterwright fault add" in refused["error_msg"]
    assert not told["mayArm"]
    assert "InstallMaster" in told["steps"]
