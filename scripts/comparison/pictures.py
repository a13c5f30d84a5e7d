"""The pictures of docs/benchmarks.md: SVG whose text is text, drawn for light and with a style that is for dark."""

import re
from dataclasses import dataclass

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot, ticker

from .plan import BARE_PING, INLINE, SHARED, SIZES, SOCKET, TABLES, THREADS
from .plan import BY_NAME as TRANSPORTS
from .results import parts_of

INK, FAINT = "#1f2328", "#d1d5da"
DARK = {INK: "#e6edf3", FAINT: "#3d444d"}


@dataclass(frozen=True)
class Line:
    light: str
    dark: str
    marker: str
    dash: str | tuple = "-"
    width: float = 1.4


# Ours are the thick blue ones, floors are grey and dotted.
LINES = {
    SHARED: Line("#0550ae", "#79c0ff", "o", width=2.6),
    INLINE: Line("#0550ae", "#79c0ff", "o", (0, (5, 1.5)), 2.2),
    "python": Line("#0550ae", "#79c0ff", "o", (0, (1.5, 1.2)), 1.8),
    "peer/iceoryx": Line("#116329", "#56d364", "s"),
    "peer/iceoryx_polling": Line("#116329", "#56d364", "s", (0, (3, 1.5))),
    "peer/cyclonedds": Line("#8250df", "#bc8cff", "D"),
    "peer/fastdds": Line("#9a6700", "#e3b341", "^"),
    "peer/mpi": Line("#bf3989", "#ff9bce", "v"),
    "peer/mpi_window": Line("#bf3989", "#ff9bce", "v", (0, (3, 1.5))),
    "peer/multiprocessing": Line("#1b7c83", "#39c5cf", "P"),
    "peer/zmq": Line("#cf222e", "#ff7b72", "X"),
    "peer/nng": Line("#bc4c00", "#ffa657", "p"),
    "peer/pyzmq": Line("#cf222e", "#ff7b72", "X", (0, (3, 1.5))),
    THREADS: Line("#6e7781", "#8b949e", "", ":", 1.8),
    SOCKET: Line("#6e7781", "#8b949e", "", (0, (1, 1)), 1.8),
    BARE_PING: Line("#6e7781", "#8b949e", "", ":", 1.8),
}
LABELS = {SHARED: "arraywire, shared memory", THREADS: "two threads (floor)", SOCKET: "unix socket (floor)",
          BARE_PING: "bare 96-byte zmq message", "peer/multiprocessing": "multiprocessing"}


def points(results, workload):
    """{transport: ([x], [median])} of a table; x is a part's number."""
    table = next(table for table in TABLES if table.workload == workload)
    found = {}
    for number, (_, part) in enumerate(parts_of(results, table)):
        for name in part.transports():
            value = part.value(name, table.counter)
            if name in LINES and value is not None:
                xs, ys = found.setdefault(name, ([], []))
                xs.append(number)
                ys.append(value.median)
    return found


def spaced(wanted, gap):
    """Positions near those wanted, in the same order, none nearer to the next than the gap."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks = []  # [sum of (wanted - offset), count]: neighbours that touch move together
    for i in order:
        blocks.append([wanted[i], 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] + gap * (blocks[-2][1] + blocks[-1][1]) / 2 > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    placed, at = [0.0] * len(wanted), iter(order)
    for total, count in blocks:
        for place in range(count):
            placed[next(at)] = total / count + gap * (place - (count - 1) / 2)
    return placed


def label_ends(axes, found):
    """Each line's name at its end, told apart where lines end near each other."""
    axes.figure.canvas.draw()
    names = list(found)
    ends = [axes.transData.transform((found[name][0][-1], found[name][1][-1])) for name in names]
    right = axes.bbox.x1
    heights = spaced([end[1] for end in ends], 12.0)
    for name, end, height in zip(names, ends, heights, strict=True):
        colour = LINES[name].light
        axes.annotate("", xy=end, xytext=(right + 16, height), xycoords="figure pixels", textcoords="figure pixels", annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4})
        axes.annotate(LABELS.get(name, TRANSPORTS[name].label), xy=(right + 19, height), xycoords="figure pixels", annotation_clip=False,
                      color=colour, fontsize=8.5, va="center", weight="bold" if name in (SHARED, INLINE) else "normal")


def new_axes(title, unit):
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "arraywire", "font.family": "sans-serif", "figure.dpi": 72,
                                "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK})
    figure, axes = pyplot.subplots(figsize=(9.4, 5.2))
    figure.subplots_adjust(left=0.065, right=0.74, top=0.87, bottom=0.08)
    axes.set_title(title, loc="left", fontsize=12, weight="bold", pad=24)
    axes.text(0, 1.025, unit, transform=axes.transAxes, fontsize=9)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0, labelsize=9)
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, axes


def draw(path, found, title, unit, ticks, label):
    """`ticks`: {x: its name}; `label`: of a value of y."""
    figure, axes = new_axes(title, unit)
    for name, (xs, ys) in found.items():
        line = LINES[name]
        axes.plot(xs, ys, color=line.light, linestyle=line.dash, linewidth=line.width, marker=line.marker or None, markersize=5,
                  zorder=4 if name in (SHARED, INLINE) else 3)
    axes.set_yscale("log")
    axes.set_xticks(list(ticks), ticks.values())
    axes.margins(x=0.04)
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=label.subs))
    axes.yaxis.set_major_formatter(lambda value, _: label(value))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    label_ends(axes, found)
    figure.savefig(path, transparent=True, metadata={"Date": None})
    pyplot.close(figure)
    path.write_text(for_dark_too(path.read_text(encoding="utf-8")), encoding="utf-8")


def for_dark_too(svg):
    """A style that swaps colours, which it knows by themselves, where the reader's page is dark."""
    swaps = DARK | {line.light: line.dark for line in LINES.values()}
    rules = "".join(f'[style*="fill: {light}"]{{fill:{dark}!important}}[style*="stroke: {light}"]{{stroke:{dark}!important}}'
                    for light, dark in swaps.items())
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"
    svg = re.sub(r"(font: [^;]*?px) '[^;]*;", r"\1 system-ui, sans-serif;", svg)
    return re.sub(r"<svg [^>]*>", lambda opening: opening[0] + style, svg, count=1)


class Number:
    """Axis labels: at these multiples of powers of ten, a value in units that are read at a glance."""

    def __init__(self, subs, units):
        self.subs, self.units = subs, units

    def __call__(self, value):
        factor, unit = next(((factor, unit) for factor, unit in self.units if value >= factor * 0.999), self.units[-1])
        return f"{value / factor:g}{unit}"


RATE = Number((1, 2, 5), [(1, "")])
TIME = Number((1,), [(1e6, " s"), (1e3, " ms"), (1, " µs")])


# Who polls does so for latency; what it costs where there are fewer processors than processes is in the tables.
POLLING = {"peer/iceoryx_polling"}


def draw_all(results, directory):
    sizes = list(SIZES)
    by_size = {number: SIZES[size] for number, size in enumerate(sizes)}
    consumers = next(table for table in TABLES if table.workload == "consumers").consumers
    pictures = {
        "rate": ("fill_read", by_size, "Frames filled by one process and read by another", "GB/s, by frame size", RATE),
        "latency": ("latency", by_size, "How long one frame takes to the other process", "median, by frame size; hand-off only", TIME),
        "consumers": ("consumers", {number: str(count) for number, count in enumerate(consumers)},
                      "Frames of 8.3 MB filled by one process and read by several", "GB/s sent, by number of consumers", RATE),
    }
    for name, (workload, ticks, title, unit, label) in pictures.items():
        found = points(results, workload)
        if workload != "latency":
            found = {transport: line for transport, line in found.items() if transport not in POLLING}
        if found:
            draw(directory / f"benchmarks-{name}.svg", found, title, unit, ticks, label)
