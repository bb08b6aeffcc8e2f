"""The page of benchmarks tells what was measured, and verdicts that follow from it."""

import json

import pytest

from bench import readme
from bench.report import Aim


@pytest.mark.parametrize(
    ("aim", "verdict"),
    [
        (Aim("reads", least=5), "met"),
        (Aim("reads", least=5.5), "missed"),
        (Aim("reads", most=5), "met"),
        (Aim("reads", most=4.5), "missed"),
        (Aim("reads", "ms", most=9), "not measured"),
        (Aim("writes", least=1), "not measured"),
    ],
)
def test_a_verdict_follows_from_the_figure_and_its_bound(aim: Aim, verdict: str) -> None:
    assert aim.judged([{"figure": "reads", "value": 5, "ms": None}])["verdict"] == verdict


@pytest.mark.parametrize("run", readme.RUNS, ids=lambda run: str(run.name))
def test_every_benchmark_has_results_in_which_its_aims_are_judged(run: readme.Run) -> None:
    document = json.loads(run.results.read_text())

    assert document["results"]
    for aim in document["aims"]:
        bound = {">=": "least", "<=": "most"}[aim["aim"].split()[0]]
        again = Aim(aim["figure"], "value", **{bound: float(aim["aim"].split()[1])})
        assert again.judged([aim])["verdict"] == aim["verdict"]
