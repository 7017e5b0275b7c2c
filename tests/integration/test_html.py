#!/usr/bin/python3
"""The page of --html in a browser without a window: it asks for nothing, says nothing in the console,
its numbers are the JSON report's, its search, sorting, filter and zoom work by mouse and by keys, it
is light and dark, and no name of a program can break out of the data.
"""

import os
import re
import shutil
import struct
import subprocess
import zlib

import browser
import lib

ROWS = "[...document.querySelectorAll('#line-table tbody tr')]"
NUMBER = "(cell) => Number(cell.dataset.bytes)"


def page_of(directory, *options):
    page = lib.fresh("page").with_suffix(".html")
    done = lib.run([lib.REPORTER, "-q", "--html", page, *options, directory])
    if b"built without the page" in done.stderr:
        lib.skip("built without the page (npm)")
    lib.equal((done.status, done.stdout, done.stderr), (0, b"", b""), "--html")
    return page


def open_page(window, page):
    window.messages.clear()
    window.requests.clear()
    window.open(page)
    lib.equal(window.eval("document.documentElement.dataset.ready"), "yes", "the page is drawn")
    quiet(window, page)


def quiet(window, page):
    lib.equal(window.messages, [], "the browser's console")
    lib.equal(window.requests, [f"file://{page}"], "what the page asked for")


def self_contained(page):
    text = page.read_text()
    for pattern in (r"<script[^>]*\bsrc", r"<link\b", r"@import", r"url\(", r"<img\b", r"<iframe\b"):
        lib.check(not re.search(pattern, text), f"{pattern} in the page")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    lib.check("default-src 'none'" in policy and "unsafe" not in policy, f"policy: {policy}")


def sums(window, key, where="#line-table tbody tr"):
    return window.eval(f"[...document.querySelectorAll('{where} td[data-key={key}]')].map({NUMBER})")


def numbers(window, profile):
    """Tree peak, line table and process rows against the JSON report."""
    data = profile.data
    peak = window.eval("Number(document.querySelector('#tree-peak dd').dataset.bytes)")
    lib.equal(peak, profile.peak_heap_bytes, "tree peak")
    window.eval("document.getElementById('more-lines').click()")
    for key, counter in (("atPeak", "tree_peak_bytes"), ("blocks", "tree_peak_blocks"), ("leaked", "live_bytes"),
                         ("total", "allocated_bytes"), ("count", "allocated_blocks")):
        lines = [line["owned"]["heap"][counter] for line in data["lines"] if "heap" in line["owned"]]
        shown = sums(window, key)
        lib.equal(sorted(value for value in shown if value), sorted(value for value in lines if value),
                  f"lines: {key}")
        rest = sums(window, key, "#unattributed") + sums(window, key, "#unstacked")
        total = data["totals"]["all"]["heap"][counter]
        lib.equal(sum(shown) + sum(rest), total, f"sum of the line table and the rest: {key}")
        lib.equal(sums(window, key, "#lines-sum"), [total], f"sum row: {key}")
    rows = window.eval("[...document.querySelectorAll('#process-table tbody tr')].map((row) => [Number(row.dataset.pid), "
                       "...[...row.querySelectorAll('[data-key]')].map((cell) => Number(cell.dataset.bytes))])")
    known = lambda value: -1 if value is None else value
    want = [[image.pid, image.peak_heap_bytes if image.is_followed else -1, known(image.row["rss_peak_bytes"]),
             image.at_tree_peak_bytes if image.is_followed else -1] for image in profile.processes]
    lib.equal(sorted(rows), sorted(want), "process rows")


def flame(window, profile):
    """The values' sums, zoom by mouse and keys, one process, the search's marks."""
    total = profile.data["totals"]["all"]["heap"]
    for i, counter in enumerate(("tree_peak_bytes", "live_bytes", "allocated_bytes", "allocated_blocks")):
        window.eval(f"document.querySelector('#value input[value=\"{i}\"]').click()")
        lib.equal(window.eval("Number(document.getElementById('frames').dataset.total)"), total[counter],
                  f"flame graph: {counter}")
    window.eval("document.querySelector('#value input[value=\"0\"]').click()")
    for image in profile.images:
        window.eval("{ const of = document.getElementById('process'); of.value = [...of.options].find((option) => "
                    f"option.textContent.includes('({image.pid})'))?.value ?? ''; "
                    "of.dispatchEvent(new Event('change')); }")
        if window.eval("document.getElementById('process').value"):
            lib.equal(window.eval("Number(document.getElementById('frames').dataset.total)"),
                      image.at_tree_peak_bytes, f"flame graph of {image.pid}")
    window.eval("{ const of = document.getElementById('process'); of.value = ''; of.dispatchEvent(new Event('change')); }")
    lib.equal(window.eval("Number(document.getElementById('frames').dataset.total)"), total["tree_peak_bytes"], "all again")


FRAME = "[...document.querySelectorAll('.frame')].find((frame) => frame.textContent === '{name}')"


def zoom(window, name):
    frame = FRAME.replace("{name}", name)
    before = window.eval(f"[{frame}.getBoundingClientRect().width, Number({frame}.dataset.weight)]")
    window.eval(f"{frame}.click()")
    width, weight, whole = window.eval(f"[{frame}.getBoundingClientRect().width, Number({frame}.dataset.weight), "
                                       "document.getElementById('frames').clientWidth]")
    lib.check(before[0] < whole - 2, f"{name} is narrower than all: {before[0]} of {whole}")
    lib.check(abs(width - whole) < 2, f"zoomed: {width} of {whole}")
    lib.equal(weight, before[1], "its weight stays")
    window.press("Escape")
    lib.equal(window.eval(f"{frame}.getBoundingClientRect().width"), before[0], "Escape zooms out")


def focus(window):
    return window.eval("document.activeElement.id || document.activeElement.dataset.key || document.activeElement.textContent")


def keys(window):
    """Tab reaches the flame graph once; arrows, Enter, Escape there; headers by space; search by /."""
    window.eval("document.activeElement.blur()")
    window.eval("document.getElementById('process').focus()")
    window.press("Tab")
    lib.equal(focus(window), "all", "one frame is in the tab order")
    window.press("ArrowDown")
    child = focus(window)
    lib.check(child not in ("all", ""), f"down to a child: {child!r}")
    window.press("Enter")
    zoomed = window.eval("document.activeElement.getBoundingClientRect().width")
    lib.check(abs(zoomed - window.eval("document.getElementById('frames').clientWidth")) < 2, "Enter zooms")
    lib.equal(focus(window), child, "and keeps the focus")
    window.press("Escape")
    lib.check(window.eval("document.getElementById('zoom-out').disabled"), "Escape zooms out")
    window.eval("document.querySelector('#line-table th button[data-key=name]').focus()")
    window.press(" ")
    ordered(window, "name", "ascending")
    lib.equal(focus(window), "name", "the focus stays at the header")
    window.press("Enter")
    ordered(window, "name", "descending")
    window.eval("document.querySelector('#chart').focus()")
    window.press("End")
    lib.check("Time" in window.eval("document.getElementById('chart-at').textContent"), "the chart by keys")


def ordered(window, key, direction):
    button = f"document.querySelector('#line-table th button[data-key={key}]')"
    lib.equal(window.eval(f"{button}.closest('th').getAttribute('aria-sort')"), direction, f"aria-sort of {key}")
    if key == "name":
        got = window.eval(f"{ROWS}.map((row) => row.querySelector('.name button').textContent)")
    else:
        got = sums(window, key)
    lib.check(len(got) > 1, f"lines to sort: {len(got)}")
    lib.equal(got, sorted(got, reverse=direction == "descending"), f"{key}, {direction}")


def sort(window):
    ordered(window, "atPeak", "descending")
    for key in ("blocks", "leaked", "total", "count", "name"):
        first = "ascending" if key == "name" else "descending"
        for direction in (first, "ascending" if first == "descending" else "descending"):
            window.eval(f"document.querySelector('#line-table th button[data-key={key}]').click()")
            ordered(window, key, direction)


def search(window, name):
    n_all = window.eval(f"{ROWS}.length")
    window.press("/")
    lib.equal(focus(window), "search", "/ goes to the search")
    window.type(name.upper())
    window.until("document.getElementById('found').textContent !== ''", "what the search found")
    names = window.eval(f"{ROWS}.map((row) => row.textContent)")
    lib.check(0 < len(names) < n_all and all(name in text for text in names), f"lines found: {names}")
    marked = window.eval("[...document.querySelectorAll('.frame.match')].map((frame) => frame.getAttribute('aria-label'))")
    lib.check(marked and all(name in label for label in marked), f"frames found: {marked}")
    window.press("Escape")
    lib.equal(window.eval(f"{ROWS}.length"), n_all, "Escape shows all again")
    lib.equal(window.eval("document.querySelectorAll('.frame.match').length"), 0, "no marks")


def pixels(png):
    """Rows of a PNG of 8 bit RGB(A), filters undone: [(r, g, b), ...] of every 7th row."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    lib.equal(depth, 8, "depth of the screenshot")
    n = {2: 3, 6: 4}[kind]
    data, at = b"", 8
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at:at + 8])
        data += png[at + 8:at + 8 + size] if name == b"IDAT" else b""
        at += size + 12
    raw, line, colors = zlib.decompress(data), bytes(width * n), []
    for y in range(height):
        row = bytearray(raw[y * (width * n + 1):(y + 1) * (width * n + 1)])
        how, row = row[0], row[1:]
        for i in range(len(row)):
            left = row[i - n] if i >= n else 0
            up, corner = line[i], line[i - n] if i >= n else 0
            if how == 4:
                guess = left + up - corner
                near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            else:
                near = (0, left, up, (left + up) // 2)[how]
            row[i] = row[i] + near & 255
        line = row
        if y % 7 == 0:
            colors += [tuple(row[i:i + 3]) for i in range(0, len(row), n)]
    return colors


def looks(window):
    """Light and dark, by the system and by the switch; not blank."""
    for scheme, choice, is_dark in (("light", "auto", False), ("dark", "auto", True), ("dark", "light", False),
                                    ("light", "dark", True)):
        window.prefer(scheme)
        window.eval(f"document.querySelector('#theme [value={choice}]').click()")
        window.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        colors = pixels(window.screenshot(clip={"x": 0, "y": 0, "width": 640, "height": 700, "scale": 0.5}))
        paper = max(set(colors), key=colors.count)
        lib.equal(sum(paper) < 200, is_dark, f"{scheme}, {choice}: the paper is {paper}")
        n_other = sum(max(abs(a - b) for a, b in zip(color, paper)) > 60 for color in colors)
        lib.check(n_other > len(colors) // 200, f"{scheme}, {choice}: {n_other} of {len(colors)} pixels are drawn")
    window.eval("document.querySelector('#theme [value=auto]').click()")


def timeline(window, profile):
    highest = window.eval("Number(document.getElementById('chart').dataset.highest)")
    peak = max(profile.peak_heap_bytes, max(run["rss_peak"]["bytes"] for run in profile.data["runs"]))
    lib.check(0 < highest <= peak, f"the chart's highest, {highest}, is not above the peak, {peak}")
    window.eval("document.querySelector('#timeline-kind [value=process]').click()")
    lib.check(window.eval("document.querySelectorAll('#chart .u-series').length") > 1, "a band a process")
    lib.check(0 < window.eval("Number(document.getElementById('chart').dataset.highest)"), "RSS by process")
    window.eval("document.querySelector('#timeline-kind [value=tree]').click()")


def tree_page(window):
    _, profiled = lib.with_truth([lib.workload("truth_tree", "O0")], "--interval", "2")
    profile = profiled.must_have_profile()
    page = page_of(profiled.directory)
    self_contained(page)
    open_page(window, page)
    lib.check(not window.eval("document.getElementById('tasks').checkVisibility()"), "no tasks, no table")
    numbers(window, profile)
    blind = window.eval("[...document.querySelectorAll('#blind-list dt')].map((item) => item.textContent)")
    for name in ("unattributed", "not followed", "lost", "our own memory"):
        lib.check(name in blind, f"blind spots: {name} in {blind}")
    command = window.eval("document.getElementById('command').textContent")
    lib.check("truth_tree" in command, f"the command: {command}")
    lib.check("exit 0" in window.eval("document.getElementById('facts').textContent"), "the end")
    flame(window, profile)
    zoom(window, "blue")
    sort(window)
    search(window, "blue")
    keys(window)
    timeline(window, profile)
    looks(window)
    quiet(window, page)


def task_page(window):
    """A row a task, as in the JSON: of a program's regions and of a shell script's."""
    script = f'{lib.LAUNCHER} mark begin "all of it"; {lib.workload("task_regions")}; {lib.LAUNCHER} mark end "all of it"'
    _, profiled = lib.with_truth(["sh", "-c", script])
    tasks = profiled.must_have_profile().data["tasks"]
    lib.check({"region", "mark"} <= {task["kind"] for task in tasks}, f"tasks of both kinds: {tasks}")
    open_page(window, page_of(profiled.directory))
    for key, member in (("peak", "peak_bytes"), ("mean", "mean_peak_bytes")):
        lib.equal(sums(window, key, "#task-table tbody tr"), [-1 if task[member] is None else task[member] for task in tasks],
                  f"tasks: {member}")
    names = window.eval("[...document.querySelectorAll('#task-table td.name')].map((cell) => cell.firstChild.textContent)")
    lib.equal(names, [task["name"] for task in tasks], "names of tasks")
    lib.check(window.eval("document.getElementById('tasks').checkVisibility()"), "the tasks are there to see")


HOSTILE = "</script><script>alert(1)"
ASKED = "window.asked = 1"
BAD = f"""{HOSTILE}//<!--<img src=x onerror="{ASKED}">'"&amp;\u2028"""


def hostile(window):
    """The same text as a program's name, as an argument, and as a function's."""
    place = lib.fresh("hostile")
    directory = place / (HOSTILE.split("/")[0] + "'\"<!--")
    directory.mkdir(parents=True)
    program = directory / "a<\"script'>b"
    source = place / "a.s"
    source.write_text('.globl main\n"evil' + HOSTILE + '":\n .cfi_startproc\n push %rbx\n'
                      " .cfi_adjust_cfa_offset 8\n mov $77, %edi\n call malloc@plt\n pop %rbx\n"
                      " .cfi_adjust_cfa_offset -8\n ret\n .cfi_endproc\n"
                      "main:\n .cfi_startproc\n push %rbx\n .cfi_adjust_cfa_offset 8\n"
                      ' call "evil' + HOSTILE + '"\n xor %eax, %eax\n pop %rbx\n'
                      " .cfi_adjust_cfa_offset -8\n ret\n .cfi_endproc\n .section .note.GNU-stack\n")
    subprocess.run(["gcc", "-o", program, source], check=True)
    profiled = lib.Profiled([program, BAD])
    profile = profiled.must_have_profile()
    names = [function["name"] for function in profile.data["functions"]]
    lib.check(any("evil</script><script>" in name for name in names), f"the function has its name: {names}")
    page = page_of(profiled.directory)
    lib.equal(page.read_text().count("</script>"), 2, "ends of scripts in the page")
    open_page(window, page)
    lib.equal(window.eval("typeof window.asked"), "undefined", "the name ran")
    for where in ("document.getElementById('command').textContent", "document.title",
                  "document.querySelector('.command .words').title"):
        lib.check(HOSTILE in window.eval(where), f"{where} shows the name as text")
    lib.check("evil" + HOSTILE in window.eval("document.getElementById('line-table').textContent"), "the line shows it")
    lib.equal(window.eval("document.querySelectorAll('img').length"), 0, "images in the page")


def other_runs(window):
    """Without stacks, sampled, killed, two merged; through the launcher's option; to a pipe."""
    page = lib.fresh("page").with_suffix(".html")
    off = lib.Profiled([lib.workload("truth_lines")], "--stacks=off", "--html", page)
    open_page(window, page)
    lib.check("No stacks" in window.eval("document.getElementById('frames').textContent"), "without stacks")
    numbers(window, off.must_have_profile())
    sampled = lib.Profiled([lib.workload("truth_lines")], "--sample=4K", "--html", page)
    open_page(window, page)
    numbers(window, sampled.must_have_profile())
    lib.check("estimates" in window.eval("document.getElementById('facts').textContent"), "it says that it sampled")
    killed = lib.Profiled(["sh", "-c", "sleep 0.1; kill -KILL $$"], "--html", page)
    open_page(window, page)
    lib.check("KILL" in window.eval("document.getElementById('facts').textContent"), "the signal")
    merged = lib.fresh("page")
    done = lib.run([lib.REPORTER, "-q", "--html", merged, off.directory, killed.directory])
    lib.equal(done.status, 0, f"two runs: {done.stderr}")
    shutil.copy(merged, page)
    open_page(window, page)
    lib.equal(window.eval("document.querySelectorAll('#run option').length"), 2, "a choice of runs")
    piped = lib.run([lib.REPORTER, "--html", "-", off.directory])
    lib.check(piped.stdout.startswith(b"<!doctype html>"), f"to standard output: {piped.stdout[:60]}")
    bad = lib.run([lib.REPORTER, "--html", "/nowhere/page.html", off.directory])
    lib.equal(bad.status, 2, "a file that cannot be")
    lib.equal(len(bad.stderr.splitlines()), 1, f"one line: {bad.stderr}")


def configure(*options, **more):
    """CMake's own words, and its status, about a build that has no page yet."""
    build = lib.fresh("build")
    done = lib.run(["cmake", "-S", lib.SOURCE, "-B", build, "-DMEMWATCH_TESTS=OFF", *options],
                   env=dict(os.environ, npm_config_cache=str(build / "npm"), **more))
    return done.status, (done.stdout + done.stderr).decode()


def without_npm():
    """No network: AUTO goes without the page, ON fails, OFF does not try."""
    nowhere = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_fetch_retries": "0"}
    status, words = configure(**nowhere)
    lib.equal(status, 0, f"AUTO without a registry: {words[-500:]}")
    lib.check("No HTML page (--html): npm ci failed" in words, f"AUTO says so: {words[-500:]}")
    status, words = configure("-DMEMWATCH_HTML=ON", **nowhere)
    lib.check(status != 0 and "MEMWATCH_HTML=ON: npm ci failed" in words, f"ON: {status}, {words[-500:]}")
    status, words = configure("-DMEMWATCH_HTML=OFF", **nowhere)
    lib.check(status == 0 and "npm" not in words, f"OFF: {status}, {words[-500:]}")


def main():
    window = browser.Browser()
    try:
        tree_page(window)
        task_page(window)
        hostile(window)
        other_runs(window)
    finally:
        window.close()
    without_npm()
    lib.finish()


if __name__ == "__main__":
    main()
