"""Whether two measurements agree."""

from . import host
from .results import all_ratios

TOLERANCE = 0.15
WITHIN, NOISE, DIFFERS = f"within {TOLERANCE:.0%}", f"beyond {TOLERANCE:.0%}, but the quartiles overlap", "differs"


def verdict(before, now):
    if abs(now.median / before.median - 1) <= TOLERANCE:
        return WITHIN
    return NOISE if before.overlaps(now) else DIFFERS


def told(ratio):
    return f"{ratio.median:.3g} ({ratio.lower:.3g} to {ratio.upper:.3g})"


def check(found, published):
    """Says how ratios that both have compare; whether none differs."""
    before, now = all_ratios(published), all_ratios(found)
    common = [key for key in before if key in now]
    verdicts = {key: verdict(before[key], now[key]) for key in common}
    for which in (NOISE, DIFFERS):
        keys = [key for key in common if verdicts[key] == which]
        print(f"{which}: {len(keys)}" + (":" if keys else ""))
        for key in keys:
            change = now[key].median / before[key].median - 1
            print(f"  {', '.join(key)}: {told(before[key])} published, {told(now[key])} now, {change:+.0%}")
    print(f"{WITHIN}: {sum(verdicts[key] == WITHIN for key in common)}")
    print(f"taken by the host: {published['taken']:.1%} of the processors' time when published, {found['taken']:.1%} now")
    for when, results in (("when published", published), ("now", found)):
        print(f"{when}: {host.summary(results['parts'])}")
    print(f"not in both: {len(before) - len(common)} published, {len(now) - len(common)} measured now")
    return bool(common) and DIFFERS not in verdicts.values()
