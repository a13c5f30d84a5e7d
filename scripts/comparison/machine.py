"""Where and with what it was measured."""

import datetime
import os
import pathlib
import platform
import subprocess

from .plan import TRANSPORTS


def output(*command):
    """What it prints, or "" where there is no such command or it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def memory_bytes(which):
    lines = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(which + ":"))


def description():
    cpu = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
                if line.startswith("model name")), platform.machine())
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return {"processor": cpu, "cores": os.cpu_count(), "memory_gib": round(memory_bytes("MemTotal") / 2**30), "kernel": platform.release(),
            "system": system, "compiler": output("c++", "-dumpfullversion", "-dumpversion"), "date": datetime.date.today().isoformat(),
            "commit": output("git", "describe", "--always", "--dirty")}


def versions():
    """{Debian package: version} of those that are installed."""
    found = {}
    for package in sorted({transport.package for transport in TRANSPORTS if transport.package}):
        version = output("dpkg-query", "-W", "-f", "${Version}", package)
        if version:
            found[package] = version
    return found
