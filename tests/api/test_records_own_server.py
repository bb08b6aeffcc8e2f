"""Records of a server that a test has for itself."""

from pathlib import Path

import pytest

from clusterwright.storage import limits
from tests.api import records_made as records
from tests.api.cloud import open_cloud


async def test_a_project_has_a_bounded_number_of_each_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_RECORDS", 2)
    async with open_cloud(tmp_path) as small:
        await records.vpc(small)
        await records.vpc(small)

        body = {"vpc": {"name": "v", "cidr": "10.0.0.0/16"}}
        path = records.at(small, "/v1/{project_id}/vpcs")
        refused = await small.call("POST", path, body, expect=400)

        assert refused["errorCode"] == "CCE.01400019"
        await records.group(small)


async def test_records_outlive_the_server(tmp_path: Path) -> None:
    async with open_cloud(tmp_path) as first:
        made = await records.subnet(first, (await records.vpc(first))["id"])
    async with open_cloud(tmp_path) as second:
        path = records.at(second, f"/v1/{{project_id}}/subnets/{made['id']}")

        assert (await second.call("GET", path, expect=200))["subnet"] == made
