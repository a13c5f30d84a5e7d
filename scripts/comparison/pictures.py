"""The pictures of docs/benchmarks.md: SVG whose text is text, drawn for light and with a style that is for dark."""

import re
from dataclasses import dataclass

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot, ticker

from .plan import FUTEX, INLINE, NO_SPIN, SHARED, SIZES, SOCKET, SOCKET_PING, TABLES, THREADS, ZMQ_PING
from .plan import BY_NAME as TRANSPORTS
from .results import parts_of

INK, FAINT = "#1f2328", "#d1d5da"
DARK = {INK: "#e6edf3", FAINT: "#3d444d"}


@dataclass(frozen=True)
class Line:
    light: str
    dark: str
    marker: str
    width: float = 1.4
    hollow: bool = False  # its markers

    def dash(self, name):
        """Floors are dotted, who never sleeps is dashed."""
        return (0, (1, 1.2)) if not self.marker else (0, (4, 1.6)) if TRANSPORTS[name].polls == "polls" else "-"


# Ours are blue, with circles; floors are grey.
FLOOR = Line("#6e7781", "#8b949e", "", 1.8)
LINES = {
    SHARED: Line("#0550ae", "#79c0ff", "o", 2.6),
    NO_SPIN: Line("#0550ae", "#79c0ff", "o", 1.6, hollow=True),
    INLINE: Line("#0a86e0", "#4aa5f0", "o", 2.2),
    "inline/tcp": Line("#0a86e0", "#4aa5f0", "o", 1.4, hollow=True),
    "python": Line("#3b4ea8", "#a5b4fc", "o", 1.4),
    "peer/iceoryx": Line("#116329", "#56d364", "s"),
    "peer/iceoryx_polling": Line("#116329", "#56d364", "s", hollow=True),
    "peer/cyclonedds": Line("#8250df", "#bc8cff", "D"),
    "peer/fastdds": Line("#9a6700", "#e3b341", "^"),
    "peer/mpi": Line("#bf3989", "#ff9bce", "v"),
    "peer/mpi_window": Line("#bf3989", "#ff9bce", "v", hollow=True),
    "peer/multiprocessing": Line("#1b7c83", "#39c5cf", "P"),
    "peer/zmq": Line("#cf222e", "#ff7b72", "X"),
    "peer/zmq_default_malloc": Line("#cf222e", "#ff7b72", "X", hollow=True),
    "peer/nng": Line("#bc4c00", "#ffa657", "p"),
    "peer/pyzmq": Line("#82071e", "#ffaba8", "X"),
    THREADS: FLOOR, SOCKET: FLOOR, FUTEX: FLOOR, SOCKET_PING: FLOOR, ZMQ_PING: FLOOR,
}
LABELS = {THREADS: "two threads (floor)", SOCKET: "unix socket (floor)", FUTEX: "bare futex (floor)", SOCKET_PING: "byte through a socket",
          "peer/multiprocessing": "multiprocessing", "peer/zmq_default_malloc": "libzmq, default malloc", NO_SPIN: "arraywire, no spinning",
          "peer/iceoryx": "iceoryx (sender polls)", "peer/iceoryx_polling": "iceoryx (polls)"}
NOTE = "Dashed: never sleeps, keeps a processor busy however long it waits. Dotted: what there is without a transport."


def label_of(name):
    return LABELS.get(name, TRANSPORTS[name].title)


TABLE = {table.workload: table for table in TABLES}


def ticks_of(workload):
    table = TABLE[workload]
    return dict(enumerate(map(str, table.consumers) if workload == "consumers" else (SIZES[size] for size in table.sizes)))


def points(results, workload):
    """{transport: ([x], [median])} of a table; x is a part's number."""
    table = TABLE[workload]
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
        axes.annotate(label_of(name), xy=(right + 19, height), xycoords="figure pixels", annotation_clip=False,
                      color=colour, fontsize=8.5, va="center", weight="bold" if name in (SHARED, INLINE) else "normal")


def new_axes(title, unit):
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "arraywire", "font.family": "sans-serif", "figure.dpi": 72,
                                "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK})
    figure, axes = pyplot.subplots(figsize=(9.4, 5.6))
    figure.subplots_adjust(left=0.065, right=0.74, top=0.88, bottom=0.12)
    axes.set_title(title, loc="left", fontsize=12, weight="bold", pad=24)
    axes.text(0, 1.025, unit, transform=axes.transAxes, fontsize=9)
    axes.text(0, -0.12, NOTE, transform=axes.transAxes, fontsize=8)
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
        axes.plot(xs, ys, color=line.light, linestyle=line.dash(name), linewidth=line.width, marker=line.marker or None, markersize=5,
                  markerfacecolor="none" if line.hollow else line.light, zorder=4 if name in (SHARED, INLINE) else 3)
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


def draw_all(results, directory):
    pictures = {
        "rate": ("fill_read", "Frames filled by one process and read by another", "GB/s, by frame size", RATE),
        "latency": ("latency", "How long one frame takes to the other process", "median, by frame size; hand-off only", TIME),
        "consumers": ("consumers", "Frames of 8.3 MB filled by one process and read by several", "GB/s sent, by number of consumers", RATE),
    }
    for name, (workload, title, unit, label) in pictures.items():
        found = points(results, workload)
        if found:
            draw(directory / f"benchmarks-{name}.svg", found, title, unit, ticks_of(workload), label)
