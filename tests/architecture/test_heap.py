"""What was needed for a moment goes back to the system."""

import subprocess
import sys

import pytest

_HASHING = """
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from clusterwright import heap
from clusterwright.iam.passwords import HASHERS, hash_password

def held():
    told = Path("/proc/self/smaps_rollup").read_text().partition("Anonymous:")[2]
    return int(told.split()[0]) // 1024

heap.give_back_large_blocks()
with ThreadPoolExecutor(HASHERS) as threads:
    before = held()
    list(threads.map(hash_password, ["secret"] * 4 * HASHERS))
    print(held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it is about the GNU C library")
def test_hashed_passwords_leave_no_memory_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _HASHING], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) < 8, "MiB, of 24 for each hash"
