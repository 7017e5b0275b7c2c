"""chart.py - the result as one SVG for the README: added cost of an event, wall time of programs.

Plain SVG without script or outside fonts; readable on a light and on a dark page.
"""

from xml.sax.saxutils import escape

WIDTH, LABEL, ROW, BAR, GAP, MARGIN = 760, 150, 12, 9, 8, 80
COLOURS = {"peak": "#1a7f37", "full": "#7fc18f", "heaptrack": "#cf4a30"}
NAMES = {"peak": "memwatch-preload --peak-only", "full": "with stacks of frees",
         "heaptrack": "heaptrack"}
LOOPS = ("tight-5", "tight-20", "tight-60", "mixed-5", "mixed-20", "mixed-60", "walk-20",
         "wander-20", "live-20", "churn-20", "handover-20-t2", "tight-20-t2", "tight-20-t4")


def text(x, y, words, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">'
            f"{escape(words)}</text>")


def bars(top, title, rows, scale, form, ticks):
    """One panel: @rows are (label, {tool: value}); @scale maps a value to 0..1. Returns (svg
    lines, height)."""
    room = WIDTH - LABEL - MARGIN
    out, y = [text(0, top + 12, title, weight="bold")], top + 26
    first = y
    for label, values in rows:
        out.append(text(LABEL - 8, y + ROW * len(values) / 2 + 3, label, "end"))
        for tool, value in values.items():
            length = max(1, room * min(1, max(0, scale(value))))
            out.append(f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" '
                       f'fill="{COLOURS[tool]}"/>')
            out.append(text(LABEL + length + 4, y + BAR - 1, form.format(value)))
            y += ROW
        y += GAP
    for tick in ticks:
        x = LABEL + room * scale(tick)
        out.insert(1, f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{first - 4}" y2="{y}" '
                      'stroke="#888" stroke-opacity="0.35"/>')
    return out, y - top


def rows_of(names, figure):
    """(label, {tool: value}) for each name with at least one figure."""
    rows = []
    for name in names:
        values = {tool: figure(name, tool) for tool in COLOURS}
        values = {tool: value for tool, value in values.items() if value is not None}
        if values:
            rows.append((name, values))
    return rows


def loop_panel(summary, top):
    rows = rows_of(LOOPS, summary.added_ns)
    largest = max([100, *(v for _, values in rows for v in values.values())])
    step = 100 if largest <= 1000 else 1000
    return bars(top, f"CPU ns added to one malloc and free (a line every {step} ns)", rows,
                lambda ns: ns / largest, "{:+.0f}", range(step, int(largest) + 1, step))


def program_panel(summary, top):
    names = [case["name"] for case in summary.of_kind("program", "storm", "tree")]
    rows = rows_of(names, summary.ratio)
    largest = max([2, *(v for _, values in rows for v in values.values())])
    ticks = range(1, int(largest) + 1)
    return bars(top, "Wall time of programs over no profiler (lines at 1x, 2x, ...)", rows,
                lambda ratio: ratio / largest, "{:.2f}x", ticks)


def legend(top):
    out, x = [], 0
    for tool, colour in COLOURS.items():
        out.append(f'<rect x="{x}" y="{top}" width="10" height="10" fill="{colour}"/>')
        out.append(text(x + 15, top + 9, NAMES[tool]))
        x += 30 + 7 * len(NAMES[tool])
    return out


def draw(summary):
    """The SVG document as text."""
    body, y = legend(2), 30
    for panel in (loop_panel, program_panel):
        lines, height = panel(summary, y)
        if height > 26:
            body += lines
            y += height + 14
    machine = summary.result["machine"]
    body.append(text(0, y + 8, f"{machine['cpu']}, {machine['cores']} cores; medians of "
                               f"{summary.result['repeat']}, same run"
                               + ("; --quick" if summary.result["quick"] else "")))
    style = ("text{font:11px sans-serif;fill:#222}"
             "@media(prefers-color-scheme:dark){text{fill:#ddd}}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -8 {WIDTH + 20} {y + 28}" '
            f'width="{WIDTH + 20}" height="{y + 28}" role="img">\n<title>Cost of profiling</title>\n'
            f"<style>{style}</style>\n" + "\n".join(body) + "\n</svg>\n")
