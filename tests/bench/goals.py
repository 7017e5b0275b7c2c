"""goals.py - what memwatch-preload promises to cost, checked against one result.

Each goal is a row: name, measured figure, limit, heaptrack's figure for the same, verdict. A goal
whose figures were not all measured is "not measured", never met.
"""

WALL_LIMITS = [  # case, tool, limit: wall time over bare
    ("cc1", "peak", 1.12), ("cc1plus", "peak", 1.12), ("cc1", "full", 1.25),
    ("cc1-ten-lines", "peak", 1.3), ("perl", "peak", 1.2), ("python3-malloc", "peak", 1.4),
    ("python3", "peak", 1.03), ("node", "peak", 1.6), ("make-j2", "peak", 1.15),
    ("true-storm", "peak", 1.2),
]
COST_LIMITS = [("tight-20", 10), ("tight-60", 12), ("mixed-5", 8), ("mixed-20", 8),
               ("mixed-60", 8), ("live-20", 4)]


def row(name, figure, limit, is_met, theirs=None, form="{:.2f}x"):
    if figure is None or is_met is None:
        return name, "-", limit, "-", "not measured"
    return (name, form.format(figure), limit, form.format(theirs) if theirs else "-",
            "met" if is_met else "MISSED")


def costs(summary):
    """Criterion 1: what a pair costs more, over what it costs more under heaptrack."""
    limits = COST_LIMITS + [(f"{pattern}-{depth}-t{n}", 20) for pattern in ("tight", "mixed")
                            for depth in (20, 60) for n in (2, 4)]
    for case, limit in limits:
        mine, theirs = (summary.added_ns(case, tool) for tool in ("peak", "heaptrack"))
        is_met = None if mine is None or theirs is None else mine <= theirs / limit
        yield row(f"{case}: added ns", mine, f"heaptrack's / {limit}", is_met, theirs, "{:.1f}")


def same_cpu(summary):
    """Criterion 1: a pair costs the same with more threads (10 % for noise)."""
    for pattern in ("tight", "mixed"):
        for n in (2, 4):
            one = summary.added_ns(f"{pattern}-20", "peak")
            many = summary.added_ns(f"{pattern}-20-t{n}", "peak")
            ratio = many / one if one and many is not None else None
            yield row(f"{pattern}-20: added ns of {n} threads over one", ratio, "1.10x",
                      None if ratio is None else ratio <= 1.1)


def scaling(summary):
    """Criterion 2: events a second of two threads, and of eight on these cores, as bare does."""
    for pattern in ("tight", "mixed"):
        bare, mine, theirs = (summary.scaling(pattern, 20, 2, tool)
                              for tool in ("bare", "peak", "heaptrack"))
        limit = None if bare is None else min(1.9, bare)
        yield row(f"{pattern}-20: events/s of 2 threads over 1", mine,
                  "1.90x or bare's" if limit is None else f"{limit:.2f}x",
                  None if mine is None or limit is None else mine >= limit, theirs)
        bare, mine, theirs = (summary.scaling(pattern, 20, 8, tool)
                              for tool in ("bare", "peak", "heaptrack"))
        yield row(f"{pattern}-20: events/s of 8 threads over 1", mine,
                  "0.9 of bare's" if bare is None else f"{0.9 * bare:.2f}x",
                  None if mine is None or bare is None else mine >= 0.9 * bare, theirs)


def walls(summary):
    """Criterion 3: programs."""
    for case, tool, limit in WALL_LIMITS:
        ratio = summary.ratio(case, tool)
        yield row(f"{case}: wall, {tool}", ratio, f"{limit:.2f}x",
                  None if ratio is None else ratio <= limit, summary.ratio(case, "heaptrack"))


def check(summary):
    """All rows, in the order of the criteria."""
    return [*costs(summary), *same_cpu(summary), *scaling(summary), *walls(summary)]
