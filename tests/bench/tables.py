"""tables.py - the result as Markdown tables: always beside no profiler, never a bare time alone.

A dash is a figure that was not measured; the list below the tables says why.
"""

TOOLS_NOT_SHOWN = ("bare",)


def number(value, form):
    return "-" if value is None else form.format(value)


def table(head, rows):
    """A Markdown table whose columns are aligned in plain text, too; the first one to the left."""
    cells = [head, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for row in cells:
        padded = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]
        lines.append("| " + " | ".join(padded) + " |")
    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def tools_of(summary, cases):
    """The tools that have a figure in any of the cases, in the order of the result."""
    return [tool for tool in summary.result["tools"] if tool not in TOOLS_NOT_SHOWN
            and any(case["runs"].get(tool) for case in cases)]


def loops(summary):
    cases = summary.of_kind("loop")
    tools = tools_of(summary, cases)
    rows = []
    for case in cases:
        name = case["name"]
        rows.append([f"{name} ({case['unit']})",
                     number(summary.ns_per_event(name, "bare"), "{:.0f}"),
                     *(number(summary.added_ns(name, tool), "{:+.0f}") for tool in tools),
                     number(summary.times_less(name, "peak"), "{:.1f}x"),
                     number(summary.times_less(name, "full"), "{:.1f}x")])
    head = ["loop-depth-threads (event)", "bare", *tools, "heaptrack/peak", "heaptrack/full"]
    return ("Loops: CPU ns an event costs bare, and what each tool adds to it", table(head, rows))


def threads(summary):
    tools = ["bare", *tools_of(summary, summary.of_kind("loop"))]
    rows = []
    for pattern in ("tight", "mixed"):
        for depth in (5, 20, 60):
            for n in (2, 4, 8):
                figures = [summary.scaling(pattern, depth, n, tool) for tool in tools]
                if any(figures):
                    rows.append([f"{pattern}-{depth}, {n} threads",
                                 *(number(figure, "{:.2f}x") for figure in figures)])
    return "Threads: events a second over those of one thread, same tool", table(
        ["loop", *tools], rows)


def ratios(summary, figure, title):
    cases = summary.of_kind("program", "storm", "tree")
    tools = tools_of(summary, cases)
    rows = [[case["name"], number(summary.median(case["name"], "bare", figure), "{:.3g}")
             if figure.endswith("kib") else
             number((summary.median(case["name"], "bare", figure) or 0) / 1e9, "{:.3f} s"),
             *(number(summary.ratio(case["name"], tool, figure), "{:.2f}x") for tool in tools)]
            for case in cases]
    return title, table(["program", "bare", *tools], rows)


def memory(summary):
    cases = [case for case in summary.of_kind("loop", "program", "storm", "tree")
             if case["kind"] != "loop" or case["pattern"] in ("many", "live", "storm")]
    tools = tools_of(summary, cases)
    rows = []
    for case in cases:
        name = case["name"]
        cells = []
        for tool in tools:
            helper = summary.median(name, tool, "helper_kib")
            written = summary.median(name, tool, "written_bytes")
            added = summary.added_kib(name, tool)
            cells.append("-" if added is None else
                         f"{added / 1024:+.1f} / {helper / 1024:.1f} / {written / 2**20:.1f}")
        bare = summary.median(name, "bare", "target_kib")
        rows.append([name, number(bare and bare / 1024, "{:.1f}"), *cells])
    return ("MiB: bare peak RSS of the largest process; what each tool adds to it / peak RSS of its "
            "largest helper / data it left on disk", table(["case", "bare", *tools], rows))


def goals(rows):
    """Those that this run could check; the others by name."""
    checked = [list(row) for row in rows if row[-1] != "not measured"]
    others = [row[0] for row in rows if row[-1] == "not measured"]
    text = table(["goal", "figure", "limit", "heaptrack", "verdict"], checked)
    if others:
        text += f"\n\nNot measured: {len(others)} of {len(rows)} (" + "; ".join(others) + ")"
    return "Goals", text


def left_out(result):
    """Lines that say what was not measured and why, cases with the same reason together."""
    reasons = {}
    for name, why in result["missing_tools"].items():
        reasons.setdefault(f"{name}: {why}", [])
    for case in result["cases"]:
        for tool, why in case["skipped"].items():
            reasons.setdefault(f"{tool}: {why}", []).append(case["name"])
    def where(names):
        if not names:
            return ""
        return f" ({', '.join(names)})" if len(names) <= 6 else f" ({len(names)} cases)"
    return [f"- {reason}{where(names)}" for reason, names in reasons.items()]


def measured_less(result):
    """A line on the tools that were measured less often than the others, or none."""
    less = {tool: sum(0 < len(case["runs"].get(tool, ())) < result["repeat"]
                      for case in result["cases"]) for tool in result["tools"]}
    words = [f"{tool} in {n} cases" for tool, n in less.items() if n]
    return ["\nSlow ones were measured less often: " + ", ".join(words)] if words else []


def render(summary, goal_rows):
    """The whole of it as one text."""
    sections = []
    if summary.of_kind("loop"):
        sections += [loops(summary), threads(summary)]
    if summary.of_kind("program", "storm", "tree"):
        sections += [ratios(summary, "wall_ns", "Programs: wall time over bare"),
                     ratios(summary, "cpu_ns", "Programs: CPU time (user + system, all processes) "
                                               "over bare")]
    sections += [memory(summary), goals(goal_rows)]
    machine = summary.result["machine"]
    text = [f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, "
            f"{summary.result['date']}; load before: {machine['load']:.2f}; medians of "
            f"{summary.result['repeat']}" + (", --quick: not to quote" if summary.result["quick"]
                                             else "")]
    text += [f"\n## {title}\n\n{body}" for title, body in sections if "\n" in body]
    text += ["\n## Tools\n", *(f"- `{name}`: {title}"
                               for name, title in summary.result["tools"].items())]
    text += measured_less(summary.result)
    reasons = left_out(summary.result)
    if reasons:
        text += ["\n## Not measured\n", *reasons]
    return "\n".join(text) + "\n"
