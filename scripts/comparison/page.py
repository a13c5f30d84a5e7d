"""docs/benchmarks.md."""

from . import host
from .check import TOLERANCE
from .measure import STARTS
from .plan import BY_NAME, TABLES
from .results import parts_of, ratios_of

HEAD = """# Measured against others

Written by `scripts/compare`, which does all of it again in about 15 minutes; the numbers are in
[benchmarks.json](benchmarks.json).

{machine}

{pictures}
## How to read it

- Frames go from one process to others. All transports do the same work with at most four frames on their way, and block rather than lose
  one; each in the way that its own documentation calls best, as the head of its source in `apps/bench` says. Those in C and C++ are
  driven by the same code (`workloads.cpp`), those in Python by code that does the same with NumPy (`python_workloads.py`).
- A process that receives large messages from a socket keeps the memory that it frees mapped (glibc's `mallopt`), in arraywire's inline
  rows as in those of libzmq, pyzmq and nng: without, much of the time goes into page faults. "libzmq with malloc as it comes" is without.
  Otherwise arraywire's options are its defaults, with queues for four frames, and on the inline lane for those besides that fit into a
  socket's buffer in the kernel (three of 64 KiB, none of 1 MiB): other libraries do not count those, arraywire's queue does. In the
  kernel an inline consumer over ipc has up to 2 MiB, because arraywire asks for that, and so have the floors over unix sockets; the other
  libraries leave it at what an AF_UNIX socket has (208 KiB).
- arraywire's shared memory, on both sides, looks again for up to 50 us before it sleeps: that is its default, and keeps a processor busy
  for as long. "without spinning" is the same with 0 us (`spin`). Rows that say "polls" never sleep: they keep a processor busy however
  long they wait ("sender polls": where it waits for room), which is fast where processors are idle, and takes them from others. In
  pictures those that never sleep are dashed.
- All of a table's processes are there at once and take turns: in each round every row is measured for about {batch} s, and for no less
  than 16 frames (12 if these take more than a fifth of a second, 30 at 60 Hz), in an order drawn by lot (it is in the JSON). What is told is the
  median of the rounds and, behind it, the quartiles. A ratio is one of the same round, so what the machine does to all of them is not in
  it. Each row goes on for an eighth as many frames before it is measured, and the first and the last four frames of those measured do not
  count.
- Filling is a memset. Reading is the sum of all 8-byte words, in C++ of the frame's four quarters side by side: memory
  that is read in one place gives little more than half as much, and then that is what is measured. NumPy fills as fast and reads a fifth
  slower.
- Processes are started {starts} times for each table, with minutes between, and each start has its share of the rounds: some rows have another
  speed with every start, and it is then in the quartiles.
- The host of a virtual machine moves its processors, and runs others on the same cores, without a word. So before and after each round it
  is measured how long a line of memory takes from core to core, and how fast both are at arithmetic; above is said in how many rounds the
  way was another than in most, by a factor of {farther}, or the speed less than {slower} of that in the fastest tenth.
- Each thread that sends or receives has a processor core of its own, dealt in turn as far as there are cores; other threads of its
  process (I/O threads, daemons) have all cores but that one. Memory that is free in small pieces, which is read more slowly, is used up before
  anybody starts. Why, and what difference it makes, is in [design.md](design.md#what-a-measurement-depends-on).
  Where not all fits into memory at once, it is measured in groups, what goes over sockets apart, each with arraywire's shared memory,
  its lane of that kind and its floor, and ratios are within a group.
- "shared memory / it" and "inline / it" are arraywire's lanes against the one of the row, the latter where bytes go through a socket.
  "it / floor" is the row against what the machine can do without any transport, which each table names. A floor that sleeps whenever it
  waits (the futex) can be slower than a row that spins or polls.
- Latencies: p50 is the median of the rounds' as all else; max is of the frames of all rounds together, of which it is said how many they
  were; p99, and p50 of half round trips, are the median of those of the starts, of a start's frames together. p99 is left out where they
  are under 100.
- CPU is user and system time of all processes, daemons among them. Memory is what they have in RAM together at the moment when that is
  most, shared memory counted once (Pss); buffers in the kernel's sockets are not in it.
- Ratios say more than rates: those differ between machines, and between days on a virtual one. `scripts/compare --check
  docs/benchmarks.json` measures again and sorts ratios into those within {tolerance} of these; those beyond, of which the quartiles
  overlap (a ratio that varies by more than {tolerance} from round to round cannot be had again to {tolerance}); and those that differ
  beyond both. Of the last there should be none, unless the host's processors were worth something else in that part, which it says.
"""
PICTURES = """![Rate against frame size](benchmarks-rate.svg)

![Latency against frame size](benchmarks-latency.svg)

![Rate against consumers](benchmarks-consumers.svg)

"""
INCOMPLETE = """**A trial: this is not all of it, or it was measured for less time than what is published.**

"""
NOT_KNOWN = "not known"


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


def counted(count, what):
    return f"{count} {what}{'s' * (count != 1)}"


def processor_text(machine):
    around = [text for text in (machine["virtual"] and f"virtual machine ({machine['virtual']})", machine["container"]) if text]
    usable = "" if machine["usable_threads"] == machine["threads"] else f", {machine['usable_threads']} of them usable"
    return (f"{machine['processor']}, {counted(machine['cores'], 'core')} with {counted(machine['threads'], 'thread')}{usable}, "
            f"{', '.join([*around, str(machine['memory_gib']) + ' GiB'])}")


def taken_text(results):
    most = max(part["taken"] for part in results["parts"])
    return (f"Of the time for which its processors had work the host took {results['taken']:.1%}, and {most:.1%} in the part where that "
            f"was most, as far as it told; {host.summary(results['parts'])}.")


def machine_text(results):
    machine, versions = results["machine"], results["versions"]
    packages = ", ".join(f"{package} {version}" for package, version in versions.items())
    return (f"Measured on {machine['date']} at `{machine['commit'] or NOT_KNOWN}` in {results['seconds'] / 60:.0f} minutes on "
            f"{processor_text(machine)}. {taken_text(results)} Load before: {machine['load']}. "
            f"CPU frequency governor: {machine['governor'] or NOT_KNOWN}. "
            f"Transparent huge pages: {machine['huge_pages'] or NOT_KNOWN}, of shared memory: {machine['huge_pages_shared'] or NOT_KNOWN}. "
            f"{machine['system']}, Linux {machine['kernel']}, {machine['libc']}, {machine['compiler']}" +
            (f", {packages}" if packages else "") + ".")


def of_counter(counter):
    return lambda part, name: number(value.median) if (value := part.value(name, counter)) else ""


def of_latency(prefix, what):
    return lambda part, name: "" if (value := part.latency(name, prefix, what)) is None else number(value)


def of_samples(part, name):
    samples = part.latency(name, "", "samples")
    return f"{samples:,.0f}" if samples else ""


def extra_columns(table):
    """(heading, cell of a part and a transport) beside the ratios."""
    merged = [("p99", of_latency("", "p99_us")), ("max", of_latency("", "max_us")), ("frames", of_samples)]
    found = {"latency": [*merged, ("half round trip, p50", of_latency("half_round_trip_", "p50_us"))], "paced": merged,
             "first_frames": [("later frames, ms", of_counter("steady_ms")), ("set-up before, ms", of_counter("setup_ms"))]}
    of_each = table.workload in ("handoff", "latency", "paced")
    cpu = ("CPU us a frame", of_counter("cpu_us_per_frame")) if of_each else ("CPU s/GB", of_counter("cpu_s_per_gb"))
    return [*found.get(table.workload, []), cpu, ("memory, MB", of_counter("memory_mb"))]


def labels(names):
    return ", ".join(BY_NAME[name].label for name in names)


def groups_text(part):
    """How it was measured."""
    starts = {}  # {what was measured together: the rounds of each start of it}
    for group in part.groups:
        starts.setdefault(tuple(group["rows"]), []).append(group["rounds"])
    told = sorted({f"{counted(sum(rounds), 'round')} of {counted(len(rounds), 'start')}" for rounds in starts.values()})
    text = f"\n{'; '.join(told)}.\n"
    if len(starts) > 1:
        every = [name for name in part.groups[0]["rows"] if all(name in names for names in starts)]
        apart = [labels(name for name in names if name not in every) for names in starts]
        text += f"\nMeasured in {len(apart)} groups, one after the other, each with {labels(every)}: {'; '.join(apart)}.\n"
    return text


def left_out_text(part):
    reasons = {}
    for name, why in part.left_out.items():
        reasons.setdefault(why, []).append(name)
    return f"\nLeft out: {'; '.join(f'{labels(names)} ({why})' for why, names in reasons.items())}.\n" if reasons else ""


def part_text(table, part):
    extra = extra_columns(table)
    text = row(["", table.unit, "shared memory / it", "inline / it", "it / floor"] + [heading for heading, _ in extra])
    text += row(["---"] * (5 + len(extra)))
    for name in part.transports():
        transport = BY_NAME[name]
        ratios = ratios_of(part, table, transport)
        cells = [transport.title, cell(part.value(name, table.counter))]
        cells += [cell(ratios.get(what)) for what in ("shared memory / it", "inline / it", "it / floor")]
        text += row(cells + [told(part, name) for _, told in extra])
    return text + groups_text(part) + left_out_text(part)


def floors_text(table):
    shared, socket = table.floors
    of_socket = f"{BY_NAME[socket].label} (`{socket}`) where bytes go through a socket"
    return f"The floor is {BY_NAME[shared].label} (`{shared}`), and {of_socket}." if shared else f"There is a floor, {of_socket}."


def table_text(results, table):
    text = f"\n## {table.title}\n\n{table.about} Of {table.unit}, {table.better} is better"
    text += f": a ratio of arraywire to another {'above' if table.better == 'more' else 'below'} 1 says that arraywire is ahead. "
    text += floors_text(table) + "\n"
    for heading, part in parts_of(results, table):
        text += f"\n### {table.title}: {heading}\n\n{part_text(table, part)}"
    return text


def page(results, with_pictures):
    text = HEAD.format(machine=("" if results["complete"] else INCOMPLETE) + machine_text(results),
                       pictures=PICTURES if with_pictures else "", batch=results["batch_seconds"], starts=STARTS,
                       tolerance=f"{TOLERANCE:.0%}", farther=host.NEARER_OR_FARTHER, slower=f"{host.SLOWER:.0%}")
    return text + "".join(table_text(results, table) for table in TABLES if parts_of(results, table))
