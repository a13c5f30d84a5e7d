"""Whether the host of a virtual machine left its processors alone: it moves them and runs others beside them, and tells nobody. So what
they are worth is measured before and after each round (apps/bench/host_state.hpp)."""

import statistics
from dataclasses import dataclass

NEARER_OR_FARTHER = 2.5  # by this factor the way from core to core differs where they were moved: from 40 ns to 200
SLOWER = 0.85  # of the usual speed of arithmetic: less is left where another runs on the same core


@dataclass(frozen=True)
class State:
    line_ns: float
    steps_per_ns: float


def rounds_of(groups):
    return [State(*of) for group in groups for of in zip(group["host"]["line_ns"], group["host"]["steps_per_ns"], strict=True)]


def usual(parts):
    """How far apart the cores were most of the time, and their speed in all but the fastest tenth of the rounds at most: whoever disturbs
    only slows them."""
    rounds = [state for part in parts for state in rounds_of(part["groups"])]
    steps = sorted(state.steps_per_ns for state in rounds)
    return State(statistics.median(state.line_ns for state in rounds), steps[int(0.9 * (len(steps) - 1))])


def state_of(groups):
    rounds = rounds_of(groups)
    return State(statistics.median(of.line_ns for of in rounds), statistics.median(of.steps_per_ns for of in rounds))


def is_disturbed(state, usually):
    moved = not 1 / NEARER_OR_FARTHER < (state.line_ns or 1) / (usually.line_ns or 1) < NEARER_OR_FARTHER  # 0 of one core
    return moved or state.steps_per_ns < SLOWER * usually.steps_per_ns


def alike(one, other):
    """Whether neither would disturb a round of the other."""
    return not is_disturbed(one, other) and not is_disturbed(other, one)


def summary(parts):
    """What is told of a run."""
    usually = usual(parts)
    rounds = [state for part in parts for state in rounds_of(part["groups"])]
    distance = f"a line of memory goes from core to core in {usually.line_ns:.0f} ns, " if usually.line_ns else ""
    return f"{distance}the host disturbed {sum(is_disturbed(state, usually) for state in rounds)} of {len(rounds)} rounds"
