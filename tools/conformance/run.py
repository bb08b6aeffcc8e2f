#!/usr/bin/env python3
"""``python3 tools/conformance/run.py --kubeconfig FILE``: upstream's own tests on a cluster.

It builds the part of Kubernetes' end-to-end tests that ask API servers for what they promise, and
runs those that are part of conformance. The cluster should have a node, simulated or real, and be
of no other use. Nothing here needs more than Python, Go and access to Go modules.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parent
FOCUS = r"\[sig-api-machinery\].*\[Conformance\]"
NEEDS_CONTAINERS = r"AdmissionWebhook|ConversionWebhook|CustomResourceFieldSelectors|Aggregator"
"""Tests whose pods must really run, and which need images from upstream's registry."""


def binary() -> Path:
    """Where the suite is, once built: a folder for each state of its sources."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "suite_test.go"):
        digest.update((SOURCES / name).read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "clusterwright" / "conformance" / digest.hexdigest()[:16] / "suite"


def build(target: Path) -> None:
    """Build the suite. Raises subprocess.CalledProcessError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f"suite.{os.getpid()}")
    # The tags and flags of tools/kubernetes, whose compiled packages are used again.
    flags = ["-trimpath", "-buildvcs=false", "-tags", "providerless,selinux", "-ldflags", "-s -w"]
    subprocess.run(
        ["nice", "-n", "10", "go", "test", "-c", "-vet=off", *flags, "-o", new, "."],
        cwd=SOURCES,
        env=os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
        check=True,
    )
    new.replace(target)


def run(suite: Path, kubeconfig: Path, focus: str, skip: str) -> list[dict[str, Any]]:
    """Run the tests that are asked for, one after the other. Returns what became of each."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        with (Path.cwd() / "conformance.log").open("wb") as log:
            subprocess.run(
                [
                    suite,
                    f"-kubeconfig={kubeconfig}",
                    "-provider=skeleton",
                    "-allowed-not-ready-nodes=-1",
                    f"-ginkgo.focus={focus}",
                    f"-ginkgo.skip={skip}",
                    f"-ginkgo.json-report={report}",
                    "-ginkgo.no-color",
                    "-test.timeout=0",
                ],
                cwd=folder,
                stdout=log,
                stderr=log,
                check=False,
            )
        if not report.exists():
            sys.exit("Error: the suite wrote no report; conformance.log tells why.")
        found: list[dict[str, Any]] = json.loads(report.read_text())[0]["SpecReports"]
    return [each for each in found if each["LeafNodeType"] == "It"]


def main() -> int:
    """Build, run, and tell what passed. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--focus", default=FOCUS, help="which tests, a regular expression")
    parser.add_argument("--skip", default=NEEDS_CONTAINERS, help="which of them not")
    asked = parser.parse_args()
    suite = binary()
    if not suite.exists():
        print("Building the suite: some minutes of one core.", file=sys.stderr)
        build(suite)
    began = time.monotonic()
    found = run(suite, asked.kubeconfig.resolve(), asked.focus, asked.skip)
    failed = [each for each in found if each["State"] not in ("passed", "skipped", "pending")]
    for each in failed:
        print(f"failed: {' '.join([*each['ContainerHierarchyTexts'], each['LeafNodeText']])}")
    passed = sum(each["State"] == "passed" for each in found)
    seconds = time.monotonic() - began
    print(f"{passed} passed, {len(failed)} failed, in {seconds:.0f} s; more is in conformance.log")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
