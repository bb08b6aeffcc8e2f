"""The program that holds a pod's namespaces: it waits for ever, and buries what ends under it.

Every pod needs it and no program of the host does just this, so it is made here: a complete Linux
executable of some 200 bytes. Its parents' sandboxes are ended by SIGKILL, so no signal is handled.
"""

import platform
import struct

_BASE = 0x400000
_HEADERS = 64 + 56
"""Bytes of a file's header and of its one program header."""

# rt_sigaction(SIGCHLD, {SIG_IGN}, NULL, 8): children are buried by the kernel. Then wait, for ever.
_CODE = {
    "x86_64": bytes.fromhex(
        "b80d000000"  # mov    eax, 13           rt_sigaction
        "bf11000000"  # mov    edi, 17           SIGCHLD
        "488d3513000000"  # lea    rsi, [action]
        "31d2"  # xor    edx, edx
        "41ba08000000"  # mov    r10d, 8
        "0f05"  # syscall
        "b822000000"  # mov    eax, 34           pause
        "0f05"  # syscall
        "ebf7"  # jmp    to mov eax, 34
    ),
    "aarch64": b"".join(
        struct.pack("<I", word)
        for word in (
            0xD28010C8,  # mov x8, #134   rt_sigaction
            0xD2800220,  # mov x0, #17    SIGCHLD
            0x10000161,  # adr x1, action
            0xD2800002,  # mov x2, #0
            0xD2800103,  # mov x3, #8
            0xD4000001,  # svc #0
            0xD2800000,  # mov x0, #0
            0xD2800001,  # mov x1, #0
            0xD2800002,  # mov x2, #0
            0xD2800003,  # mov x3, #0
            0xD2800928,  # mov x8, #73    ppoll
            0xD4000001,  # svc #0
            0x17FFFFFA,  # b to mov x0, #0
        )
    ),
}
_ACTION = struct.pack("<4Q", 1, 0, 0, 0)
"""struct sigaction of the kernel: SIG_IGN, no flags, no restorer, nothing blocked."""
MACHINES = {"x86_64": 62, "aarch64": 183}
"""What ELF calls the machines."""


def executable(machine: str = "") -> bytes:
    """The program for a machine as ``uname -m`` calls it, else for this one.

    Raises LookupError for a machine that it was not written for.
    """
    machine = machine or platform.machine()
    code = _CODE[machine] + _ACTION
    size = _HEADERS + len(code)
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")  # 64 bits, little-endian
    entry = _BASE + _HEADERS
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", ident, 2, MACHINES[machine], 1, entry, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    # One part that is loaded, to be read and executed.
    program = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x10000)
    return header + program + code
