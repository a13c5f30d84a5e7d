"""Whether two measurements agree."""

from . import host
from .plan import TABLES
from .results import all_ratios, parts_of

TOLERANCE = 0.15
WITHIN, NOISE, DIFFERS = f"within {TOLERANCE:.0%}", f"beyond {TOLERANCE:.0%}, but the quartiles overlap", "differs"
OTHER_HOST = "differs, and so did the host in that part"


def verdict(before, now, same_host):
    if abs(now.median / before.median - 1) <= TOLERANCE:
        return WITHIN
    return NOISE if before.overlaps(now) else DIFFERS if same_host else OTHER_HOST


def hosts(results):
    """{(heading of table, of part): host.State}"""
    return {(table.title, heading): host.state_of(part.groups) for table in TABLES for heading, part in parts_of(results, table)}


def told(ratio):
    return f"{ratio.median:.3g} ({ratio.lower:.3g} to {ratio.upper:.3g})"


def check(found, published):
    """Says how ratios that both have compare; whether none differs."""
    before, now = all_ratios(published), all_ratios(found)
    hosts_before, hosts_now = hosts(published), hosts(found)
    common = [key for key in before if key in now]
    verdicts = {key: verdict(before[key], now[key], host.alike(hosts_before[key[:2]], hosts_now[key[:2]])) for key in common}
    for which in (NOISE, OTHER_HOST, DIFFERS):
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
    return bool(common) and not {DIFFERS, OTHER_HOST} & set(verdicts.values())
