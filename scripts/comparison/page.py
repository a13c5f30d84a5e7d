"""docs/benchmarks.md."""

from .plan import BY_NAME, TABLES
from .results import parts_of, ratios_of

HEAD = """# Measured against others

Written by `scripts/compare`, which does all of it again in about a quarter of an hour; the numbers are in [benchmarks.json](benchmarks.json).

{machine}

{pictures}
## How to read it

- Frames go from one process to others. All transports do the same work, by the same code, with at most four frames on their way, and block
  rather than lose one; each in the way that its own documentation calls best, as the head of its source in `apps/bench` says. arraywire is
  as it comes.
- Processes of all of them are there at once and take turns: in each of {rounds} rounds every one is measured for about {batch} s, in an order that
  changes. What is told is the median of the rounds and, behind it, the quartiles. A ratio is one of the same round, so what the machine
  does to all of them is not in it.
- "shared memory / it" and "inline / it" are arraywire's lanes against the one of the row, the latter where bytes go through a socket. "it / floor"
  is the row against what the machine can do without any transport: {floors}.
- CPU is user and system time of all processes, daemons among them. Memory is what they have in RAM together, shared memory counted once
  (Pss), at its most; buffers in the kernel's sockets are not in it.
- Ratios say more than rates: those differ between machines, and between days on a virtual one.
"""
PICTURES = """![Rate against frame size](benchmarks-rate.svg)

![Latency against frame size](benchmarks-latency.svg)

![Rate against consumers](benchmarks-consumers.svg)

"""


def number(value):
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    if abs(value) < 0.1:
        return f"{value:.2g}"
    return f"{value:,.{digits}f}"


def cell(spread):
    return f"{number(spread.median)} ({number(spread.lower)} to {number(spread.upper)})" if spread else ""


def row(cells):
    return "| " + " | ".join(cells) + " |\n"


def machine_text(results):
    machine, versions = results["machine"], results["versions"]
    packages = ", ".join(f"{package} {version}" for package, version in versions.items())
    return (f"Measured on {machine['date']} at `{machine['commit']}` in {results['seconds'] / 60:.0f} minutes on {machine['processor']}, "
            f"{machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, Linux {machine['kernel']}, "
            f"g++ {machine['compiler']}. {packages}.")


def extra_columns(table):
    """(heading, counter, as a number) beside the ratios."""
    times = {"latency": [("p99", "p99_us"), ("max", "max_us"), ("half round trip", "half_round_trip_p50_us")],
             "paced": [("max of 30", "max_us")], "first_frames": [("then", "steady_ms")]}
    cpu = [("CPU us a frame", "cpu_us_per_frame")] if table.workload in ("handoff", "latency", "paced") else [("CPU s/GB", "cpu_s_per_gb")]
    return times.get(table.workload, []) + cpu + [("memory, MB", "memory_mb")]


def part_text(table, part):
    extra = extra_columns(table)
    text = row(["", table.unit, "shared memory / it", "inline / it", "it / floor"] + [heading for heading, _ in extra])
    text += row(["---"] * (5 + len(extra)))
    for name in part.transports():
        transport = BY_NAME[name]
        ratios = ratios_of(part, table, transport)
        cells = [transport.label, cell(part.value(name, table.counter))]
        cells += [cell(ratios.get(what)) for what in ("shared memory / it", "inline / it", "it / floor")]
        for _, counter in extra:
            value = part.value(name, counter)
            cells.append(number(value.median) if value else "")
        text += row(cells)
    if part.left_out:
        text += "\nLeft out: " + "; ".join(f"{BY_NAME[name].label} ({why.split('absent: ')[-1]})" for name, why in part.left_out.items()) + ".\n"
    return text


def table_text(results, table):
    text = f"\n## {table.title}\n\n{table.about} Of {table.unit}, {table.better} is better"
    text += f": a ratio of arraywire to another {'above' if table.better == 'more' else 'below'} 1 says that arraywire is ahead.\n"
    for heading, part in parts_of(results, table):
        text += f"\n### {table.title}: {heading}\n\n{part_text(table, part)}"
    return text


def floors_text():
    """The floors of all tables, each once."""
    floors = dict.fromkeys(floor for table in TABLES for floor in table.floors if floor)
    return ", ".join(f"{BY_NAME[floor].label} (`{floor}`)" for floor in floors)


def page(results, with_pictures):
    text = HEAD.format(machine=machine_text(results), pictures=PICTURES if with_pictures else "", rounds=results["rounds"],
                       batch=results["batch_seconds"], floors=floors_text())
    return text + "".join(table_text(results, table) for table in TABLES if parts_of(results, table))
