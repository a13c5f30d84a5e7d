"""Where and with what it was measured."""

import datetime
import os
import pathlib
import platform
import subprocess

from . import memory
from .plan import TRANSPORTS

ROOT = pathlib.Path(__file__).resolve().parents[2]
CALM = 0.05  # of the processors' time may be taken by the host, and ratios can still be had again


def output(*command):
    """What it prints, or "" where there is no such command or it fails."""
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, cwd=ROOT).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def text_of(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def chosen(path):
    """Of "always [madvise] never", the one in brackets."""
    return text_of(path).partition("[")[2].partition("]")[0]


def processor(cpuinfo):
    """(model, cores without hyper-threads, whether it is a virtual one's), of /proc/cpuinfo"""
    model, places, virtual = platform.machine(), set(), False
    for block in cpuinfo.split("\n\n"):
        facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in block.splitlines())}
        model = facts.get("model name", model)
        virtual = virtual or "hypervisor" in facts.get("flags", "").split()
        if "core id" in facts:
            places.add((facts.get("physical id"), facts["core id"]))
    return model, len(places) or os.cpu_count(), virtual


def description():
    """Before anything is built or measured: other load is told."""
    model, cores, virtual = processor(text_of("/proc/cpuinfo"))
    return {"processor": model, "cores": cores, "threads": os.cpu_count(), "usable_threads": len(os.sched_getaffinity(0)),
            "virtual": output("systemd-detect-virt", "--vm") or ("yes" if virtual else ""),
            "container": output("systemd-detect-virt", "--container"),
            "governor": text_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            "huge_pages": chosen("/sys/kernel/mm/transparent_hugepage/enabled"),
            "huge_pages_shared": chosen("/sys/kernel/mm/transparent_hugepage/shmem_enabled"),
            "memory_gib": round(memory.of_machine("MemTotal") / 2**30), "load": round(os.getloadavg()[0], 2),
            "kernel": platform.release(), "system": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
            "libc": os.confstr("CS_GNU_LIBC_VERSION"), "compiler": output(os.environ.get("CXX", "c++"), "--version").partition("\n")[0],
            "date": datetime.date.today().isoformat(), "commit": output("git", "describe", "--always", "--dirty")}


class Taken:
    """How much of the time for which processors had work was the host's, which gave it to others (steal). Since it was made."""

    def __init__(self):
        self.before = self.times()

    @staticmethod
    def times():
        """(of user, system and interrupts; taken), in ticks of all processors"""
        user, nice, system, _, _, interrupts, soft_interrupts, taken = map(int, text_of("/proc/stat").split()[1:9])
        return user + nice + system + interrupts + soft_interrupts, taken

    def share(self):
        used, taken = (now - before for now, before in zip(self.times(), self.before, strict=True))
        return round(taken / max(1, used + taken), 4)


def disturbed(taken):
    """A warning; empty: it was calm enough."""
    return f"; the host took {taken:.0%} of the processors' time, so ratios may not come out the same again" if taken > CALM else ""


def versions():
    """{Debian package: version} of those that are installed."""
    packages = sorted({transport.package for transport in TRANSPORTS if transport.package})
    return {package: version for package in packages if (version := output("dpkg-query", "-W", "-f", "${Version}", package))}
