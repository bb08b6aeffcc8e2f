#!/usr/bin/env python3
"""``python tools/conformance/images.py FOLDER``: the images of upstream's tests, made here.

What upstream keeps in its registry under these names is made of other parts: its own program
agnhost, built from its sources, and the busybox of this host, which must need no library, and is
the web server and the client too. So nothing is pulled. Needs Go, and Clusterwright installed:
``clusterwright kubernetes import`` then takes each of the files.
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
NGINX = "registry.k8s.io/e2e-test-images/nginx:1.14-4"
PAUSE = "registry.k8s.io/pause:3.10.1"
"""What the tests of Kubernetes v1.34 ask for (test/utils/image/manifest.go there)."""
_USERS = b"root:x:0:0:root:/root:/bin/sh\nuser-defined-in-image:x:1000:1000::/:/bin/sh\n"
_GROUPS = b"root:x:0:\ngroup-defined-in-image:x:50000:user-defined-in-image\n"


_CURL = b'#!/bin/sh\nfor last; do :; done\nexec wget -q -O - "$last"\n'


def go(*words: str | Path) -> str:
    """What a command of Go prints. Raises subprocess.CalledProcessError."""
    return subprocess.run(
        ["nice", "-n", "10", "go", *words],
        cwd=SOURCES,
        env=os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.strip()


def agnhost(target: Path) -> dict[str, bytes | Path]:
    """The program agnhost, built at ``target``, and what upstream puts beside it."""
    flags = ("-trimpath", "-buildvcs=false", "-tags", "providerless,selinux", "-ldflags", "-s -w")
    go("build", *flags, "-o", target, "tool")
    sources = Path(go("list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"))
    pair = ("localhost.crt", "localhost.key")
    return {
        "bin/curl": _CURL,
        "agnhost": target,
        "agnhost-2": target,
        "uploads/.kept": b"",
        **{name: sources / "test/images/agnhost/porter" / name for name in pair},
    }


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
    program = folder / "agnhost"
    listed = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
    shell: dict[str, bytes | Path] = {
        f"bin/{each}": Path(busybox) for each in listed.stdout.split()
    }
    shell |= {"etc/passwd": _USERS, "etc/group": _GROUPS, "tmp/.kept": b""}
    images.write(folder / "busybox.tar", BUSYBOX, shell, [], ["sh"])
    images.write(folder / "nginx.tar", NGINX, shell, ["httpd", "-f", "-p", "80"])
    images.write(folder / "agnhost.tar", AGNHOST, shell | agnhost(program), ["/agnhost"], ["pause"])
    images.write(folder / "pause.tar", PAUSE, {"pause": pause.executable()}, ["/pause"])
    program.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
