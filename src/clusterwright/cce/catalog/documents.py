"""How the catalog reads: zones, sizes, options of components, partitions."""

from typing import Any

from clusterwright import clock
from clusterwright.cce import offers
from clusterwright.cce.catalog.store import Partition


def zones(region: str) -> list[dict[str, Any]]:
    """The availability zones of a region."""
    return [
        {
            "id": name,
            "name": name,
            "displayName": f"AZ{number}",
            "azGroupIds": [region],
            "publicBorderGroup": "center",
            "category": "Default",
            "alias": f"az{number}",
        }
        for number, name in enumerate(offers.zones(region), 1)
    ]


def flavor_specifications(region: str) -> list[dict[str, Any]]:
    """The sizes of clusters, all of them in every zone."""
    names = list(offers.zones(region))
    return [
        {
            "name": name,
            "nodeCapacity": size.nodes,
            "availableMasterFlavors": [
                {"name": f"{name}.master", "azs": names, "azFaultDomains": {}}
            ],
            "isSoldOut": False,
            "isSupportMultiAZ": size.masters > 1,
        }
        for name, size in offers.FLAVORS.items()
    ]


def component_options(components: offers.Components) -> dict[str, list[dict[str, Any]]]:
    """What can be configured: the options of each component."""
    return {
        component: [
            {
                "name": option.name,
                "default": option.default,
                "validAt": option.valid_at,
                "empty": option.default == "",
                "schema": component,
                "type": option.type,
            }
            for option in options
        ]
        for component, options in components.items()
    }


def partition_document(partition: Partition) -> dict[str, Any]:
    """The partition as clients read it."""
    return {
        "kind": "Partition",
        "apiVersion": "v3",
        "metadata": {
            "name": partition.name,
            "creationTimestamp": clock.timestamp(partition.created_at),
        },
        "spec": partition.spec,
    }
