"""The producer under the unit's RestrictAddressFamilies listens on tcp. Usage: units_test.py UNIT PRODUCER"""

import ctypes
import errno
import os
import platform
import re
import socket
import struct
import subprocess
import sys
import tempfile

UNIT, PRODUCER = sys.argv[1:3]
SYSCALL_SOCKET, ARCHITECTURE = 41, 0xC000003E  # of x86-64
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF
ALLOW, FAIL = 0x7FFF0000, 0x00050000 | errno.EAFNOSUPPORT
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2


def allowed_families():
    with open(UNIT, encoding="utf-8") as unit:
        (line,) = re.findall(r"(?m)^RestrictAddressFamilies=(.*)$", unit.read())
    return [int(getattr(socket, name)) for name in line.split()]


def program(families):
    """socket() of other families fails, as systemd has it fail; everything else is let through."""
    code = [(LOAD, 0, 0, 4), (JUMP_IF_EQUAL, 1, 0, ARCHITECTURE), (RETURN, 0, 0, ALLOW),
            (LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 1, 0, SYSCALL_SOCKET), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, 16)]
    for family in families:
        code += [(JUMP_IF_EQUAL, 0, 1, family), (RETURN, 0, 0, ALLOW)]
    code.append((RETURN, 0, 0, FAIL))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def restricted(families):
    libc = ctypes.CDLL(None, use_errno=True)

    def restrict():
        instructions = ctypes.create_string_buffer(program(families))
        count = (len(instructions) - 1) // 8
        filter_program = ctypes.create_string_buffer(struct.pack("=H6xQ", count, ctypes.addressof(instructions)))
        pointer = ctypes.addressof(filter_program)
        for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, pointer, 0, 0)):
            if libc.prctl(*map(ctypes.c_ulong, arguments)) != 0:
                raise OSError(ctypes.get_errno(), f"prctl {arguments[0]}")

    return restrict


def main():
    if platform.machine() != "x86_64":
        print("SKIP: the filter is for x86-64")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="aw-") as directory:
        for address in ("tcp://127.0.0.1:0", "tcp://*:0", "tcp://lo:0"):
            done = subprocess.run([PRODUCER, "--listen", address, "--insecure", "--shape", "10x10", "--count", "1"],
                                  env={**os.environ, "ARRAYWIRE_RUNTIME_DIR": directory}, preexec_fn=restricted(allowed_families()),
                                  capture_output=True, text=True, timeout=200, check=False)
            if done.returncode != 0 or "tcp://" not in done.stderr:
                sys.exit(f"{address}: status {done.returncode}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
