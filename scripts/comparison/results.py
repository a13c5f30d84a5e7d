"""What was measured, looked up. All ratios come from here."""

import statistics
from dataclasses import dataclass

from .plan import BY_NAME, INLINE, SHARED, TABLES


@dataclass(frozen=True)
class Spread:
    median: float
    lower: float
    upper: float

    def overlaps(self, other):
        return self.lower <= other.upper and other.lower <= self.upper


def spread(values):
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return Spread(median, lower, upper)


class Part:
    """One size, or one number of consumers, of a table."""

    def __init__(self, measured):
        self.groups, self.left_out = measured["groups"], measured["left_out"]

    def transports(self):
        """In the order of the plan."""
        return [name for name in BY_NAME if self.rows(name)]

    def rows(self, transport):
        """One of each group that has it."""
        return [group["rows"][transport] for group in self.groups if transport in group["rows"]]

    def value(self, transport, counter):
        """Of all rounds; None: not measured."""
        values = [value for row in self.rows(transport) for value in row["counters"].get(counter, [])]
        return spread(values) if values else None

    def latency(self, transport, prefix, what):
        """Of the frames of all rounds: how many they were, the longest; of a percentile the starts' median. None: not measured, or by
        too few frames."""
        values = [times[what] for row in self.rows(transport) if what in (times := row.get("latencies", {}).get(prefix, {}))]
        return {"samples": sum, "max_us": max}.get(what, statistics.median)(values) if values else None

    def ratio(self, one, other, counter):
        """Of the same rounds of the same start; None if they were never in one."""
        both = [[group["rows"][name]["counters"].get(counter, []) for name in (one, other)]
                for group in self.groups if one in group["rows"] and other in group["rows"]]
        values = [a / b for pair in both if all(pair) for a, b in zip(*pair, strict=True)]
        return spread(values) if values else None


def parts_of(results, table):
    """[(heading, Part)] of those that were measured."""
    by_key = {(part["workload"], part["frame_bytes"]): Part(part) for part in results["parts"]}
    return [(heading, by_key[workload, size]) for workload, size, heading in table.part_names() if (workload, size) in by_key]


def ratios_of(part, table, transport):
    """The ratios that the page has of a transport: {what: Spread}, without those that there are not. A floor's to a lane are in the
    lane's row, as it / floor."""
    floor, name = table.floor_of(transport), transport.name
    wanted = {"it / floor": (name, floor)} if floor and floor != name else {}
    lanes = {"shared memory / it": SHARED} | ({"inline / it": INLINE} if transport.socket else {})
    wanted |= {what: (lane, name) for what, lane in lanes.items() if name not in (lane, table.floor_of(BY_NAME[lane]))}
    found = {what: part.ratio(*pair, table.counter) for what, pair in wanted.items()}
    return {what: ratio for what, ratio in found.items() if ratio}


def all_ratios(results):
    """{(heading of table, of part, transport, what): Spread}"""
    return {(table.title, heading, name, what): ratio
            for table in TABLES for heading, part in parts_of(results, table) for name in part.transports()
            for what, ratio in ratios_of(part, table, BY_NAME[name]).items()}
