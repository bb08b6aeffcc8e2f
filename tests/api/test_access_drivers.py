"""What a client is told when a driver cannot give credentials."""

import pytest

from clusterwright import errors
from clusterwright.cce.access import operations
from clusterwright.cce.clusters.store import Cluster, ClusterPhase
from clusterwright.drivers.simulated import SimulatedDriver
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Database
from tests.drivers.examples import SEAL

CALLER = Caller(user_id="u", user_name="u", domain_id="d", domain_name="d", project_id="p")


def a_cluster(*names: str) -> Cluster:
    """A cluster that no driver has heard of yet."""
    return Cluster(
        uid="c1",
        project_id="p",
        name="demo",
        alias="demo",
        type="VirtualMachine",
        version="v1.31",
        phase=ClusterPhase.AVAILABLE,
        reason="",
        job_uid="",
        driver="simulated",
        masters=["m1"],
        endpoint="https://192.168.0.5:5443",
        timezone="",
        spec={
            "flavor": "cce.s1.small",
            "containerNetwork": {},
            "serviceNetwork": {"IPv4CIDR": "10.247.0.0/16"},
            "hostNetwork": {"vpc": "v", "subnet": "s"},
            "customSan": list(names),
        },
        created_at=0,
        updated_at=0,
    )


async def test_a_driver_that_is_not_ready_makes_the_client_try_again(data: Database) -> None:
    with pytest.raises(ApiError) as refused:
        await operations.kubeconfig(
            SimulatedDriver(data, SEAL), a_cluster(), CALLER, lifetime_seconds=60, generation=0
        )

    assert refused.value.error is errors.DRIVER_UNAVAILABLE
    assert "no control plane" in refused.value.detail


async def test_a_driver_that_cannot_refuses_with_its_own_reason(data: Database) -> None:
    with pytest.raises(ApiError) as refused:
        await operations.cover(SimulatedDriver(data, SEAL), a_cluster("schön.example"))

    assert refused.value.error is errors.WRONG_STATE
    assert "certificate" in refused.value.detail
