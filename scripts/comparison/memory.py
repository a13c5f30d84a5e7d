"""How much fits into memory at once."""

import pathlib

from .plan import BY_NAME

SHARE = 0.6  # of what is there that is planned with
PROCESS = 30e6  # bytes of each process, and of what a daemon has, about


def of_machine(which):
    lines = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(which + ":"))


def number_in(path):
    """None: there is no such file, or no limit in it."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def droppable(directory):
    """Bytes of files, which count as used and can be had all the same."""
    try:
        lines = (directory / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    found = dict(line.split() for line in lines)
    return sum(int(found.get("total_" + kind, found.get(kind, 0))) for kind in ("active_file", "inactive_file"))


def left_in_groups(membership, mounted=pathlib.Path("/sys/fs/cgroup")):
    """Bytes left in each control group that this process is in, and in those around it, of those with a limit. `membership` is
    /proc/self/cgroup; groups out of sight, as in a container, are as their nearest visible parent."""
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, limits, usage = mounted, ("memory.max", "memory.high"), "memory.current"
        elif "memory" in controllers.split(","):
            root, limits, usage = mounted / "memory", ("memory.limit_in_bytes",), "memory.usage_in_bytes"
        else:
            continue
        below = pathlib.PurePosixPath(path.lstrip("/"))
        for directory in (root / part for part in (below, *below.parents)):
            used = number_in(directory / usage)
            for limit in filter(None, (number_in(directory / limit) for limit in limits)):
                yield limit - (used or 0) + droppable(directory)


def available():
    membership = pathlib.Path("/proc/self/cgroup").read_text(encoding="ascii")
    return max(0, min(of_machine("MemAvailable"), *left_in_groups(membership)))


def cost(transport, frame_bytes, receivers):
    return BY_NAME[transport].frames_in_memory(receivers) * frame_bytes + PROCESS * (2 + receivers)


def grouped(costs, always, room):
    """Those of `costs` ({transport: bytes}) that fit into the room at once, each group with all of `always`."""
    always = [name for name in always if name in costs]
    left_beside = room - sum(costs[name] for name in always)
    groups, left = [list(always)], left_beside
    for name in costs:
        if name in always:
            continue
        if costs[name] > left and len(groups[-1]) > len(always):
            groups.append(list(always))
            left = left_beside
        groups[-1].append(name)
        left -= costs[name]
    return groups
