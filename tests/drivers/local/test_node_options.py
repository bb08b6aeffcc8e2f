"""Options of nodes: all that are offered mean something here, and nothing else gets through."""

import pytest

from clusterwright.cce.machines import SERVER_FLAVORS
from clusterwright.cce.nodes import blueprint
from clusterwright.cce.offers import NODE, Option
from clusterwright.drivers.contract import DriverError, flavor_size
from clusterwright.drivers.local import nodeoptions, nodes

OFFERED = [(component, option) for component, known in NODE.items() for option in known]


@pytest.mark.parametrize(
    ("component", "option"), OFFERED, ids=lambda one: getattr(one, "name", one)
)
def test_every_option_that_is_offered_can_be_had_with_every_choice_and_bound(
    component: str, option: Option
) -> None:
    for value in (option.default, *option.choices):
        chosen = blueprint.options({}, {component: {option.name: value}})
        pods = blueprint.max_pods({}, chosen)

        nodeoptions.check(chosen)

        assert pods == 110
        assert option.name == "max-pods" or chosen[component]


@pytest.mark.parametrize(
    ("component", "name", "value"),
    [
        ("kubelet", "pod-pids-limit", "-2"),
        ("kubelet", "kube-api-qps", "many"),
        ("kubelet", "cpu-manager-policy", "dynamic"),
        ("kubelet", "topology-manager-policy", ""),
        ("kubelet", "feature-gates", "All=true"),
        ("kube-proxy", "mode", "ipvs"),
        ("docker", "log-driver", "none"),
    ],
)
def test_what_no_kubelet_could_start_with_is_refused_by_name(
    component: str, name: str, value: str
) -> None:
    with pytest.raises(DriverError, match=name if component != "docker" else component):
        nodeoptions.check({component: {name: value}})


def test_a_pool_s_word_counts_more_than_its_node_s_and_values_without_a_meaning_are_left_out() -> (
    None
):
    spec = {
        "configurationsOverride": [
            {
                "name": "kubelet",
                "configurations": [
                    {"name": "event-qps", "value": 1},
                    {"name": "kube-api-qps", "value": 7},
                    {"name": "pod-pids-limit", "value": "all"},
                    {"name": "unknown", "value": 1},
                ],
            },
            "nonsense",
        ],
        "extendParam": {"maxPods": 20},
    }

    chosen = blueprint.options(spec, {"kubelet": {"event-qps": 2, "max-pods": "30"}, "docker": {}})

    assert blueprint.max_pods(spec, chosen) == 30
    assert chosen == {"kubelet": {"event-qps": "2", "kube-api-qps": "7"}}
    assert blueprint.max_pods(spec, blueprint.options(spec, {})) == 20


def test_what_is_reserved_is_added_to_what_the_host_has_beyond_a_node() -> None:
    spec = {
        "extendParam": {"systemReservedMem": 100, "systemReservedCpu": 50, "kubeReservedPid": 9}
    }
    mine = blueprint.reserved(spec, "system")

    kept = nodeoptions.reserved(mine, static_cpus=False, beyond={"cpu": "2", "memory": "1024Ki"})

    assert kept == {"cpu": "2050m", "memory": f"{101 * 1024}Ki"}
    assert blueprint.reserved(spec, "kube") == {"pid": "9"}
    assert nodeoptions.reserved({}, static_cpus=True, beyond={}) == {"cpu": "100m"}


def test_every_flavor_that_is_listed_has_the_size_that_its_name_tells() -> None:
    for name, flavor in SERVER_FLAVORS.items():
        assert flavor_size(name) == (flavor.cpus, flavor.memory // 1024)
        assert nodes.size(name) == flavor_size(name)


@pytest.mark.parametrize(
    ("flavor", "told"),
    [
        ("s6.small.1", (1, 1)),
        ("c7.16xlarge.4", (64, 256)),
        *[(each, None) for each in ("own", "s6.large", "s6.huge.2", "s6.0xlarge.2", "s6.large.0")],
    ],
)
def test_a_flavor_whose_name_tells_no_size_makes_nodes_of_two_cpus(
    flavor: str, told: tuple[int, int] | None
) -> None:
    assert flavor_size(flavor) == told
    assert nodes.size(flavor) == (told or (2, 4))
