#!/usr/bin/env python3
"""``python tools/conformance/images.py FOLDER``: the images of upstream's tests, made here.

What upstream keeps in its registry under these names is made of other parts: its own program
agnhost, built from its sources, and the busybox of this host, which must need no library. So
nothing is pulled. Needs Go, and Clusterwright installed: ``clusterwright kubernetes import`` then
takes each of the files.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from clusterwright.drivers.local import images, pause

SOURCES = Path(__file__).resolve().parent
AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.56"
BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"
PAUSE = "registry.k8s.io/pause:3.10.1"
"""What the tests of Kubernetes v1.34 ask for (test/utils/image/manifest.go there)."""
_USERS = b"root:x:0:0:root:/root:/bin/sh\nuser-defined-in-image:x:1000:1000::/:/bin/sh\n"
_GROUPS = b"root:x:0:\ngroup-defined-in-image:x:50000:user-defined-in-image\n"


def build(target: Path) -> None:
    """Build agnhost. Raises subprocess.CalledProcessError."""
    flags = ["-trimpath", "-buildvcs=false", "-tags", "providerless,selinux", "-ldflags", "-s -w"]
    subprocess.run(
        ["nice", "-n", "10", "go", "build", *flags, "-o", target, "tool"],
        cwd=SOURCES,
        env=os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
        check=True,
    )


def main() -> int:
    """Write the archives. Returns the exit code."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    busybox = shutil.which("busybox")
    if busybox is None:
        print("Error: there is no busybox. Debian: apt install busybox-static", file=sys.stderr)
        return 1
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    agnhost = folder / "agnhost"
    build(agnhost)
    listed = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
    shell: dict[str, bytes | Path] = {
        f"bin/{each}": Path(busybox) for each in listed.stdout.split()
    }
    shell |= {"etc/passwd": _USERS, "etc/group": _GROUPS, "tmp/.kept": b""}
    tools: dict[str, bytes | Path] = {
        "agnhost": agnhost,
        "agnhost-2": agnhost,
        "uploads/.kept": b"",
    }
    images.write(folder / "busybox.tar", BUSYBOX, shell, [], ["sh"])
    images.write(folder / "agnhost.tar", AGNHOST, shell | tools, ["/agnhost"], ["pause"])
    images.write(folder / "pause.tar", PAUSE, {"pause": pause.executable()}, ["/pause"])
    agnhost.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
