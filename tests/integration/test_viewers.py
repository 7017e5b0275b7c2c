#!/usr/bin/python3
"""Exports, opened by the programs they are for: speedscope's built application and catapult's trace
viewer (as Go ships it) in a Chromium without a window, flamegraph.pl. What these make of a file is
asked of them and added up against the JSON report.
"""

import base64
import collections
import glob
import html
import http.server
import json
import re
import shutil
import threading

import browser
import lib

VALUES = {"at-peak": "tree_peak_bytes", "leaked": "live_bytes", "total": "allocated_bytes",
          "count": "allocated_blocks"}
# What speedscope saves goes by here.
CATCH = """window.saved = null; (make => { URL.createObjectURL = blob => {
    if (blob.text) blob.text().then(text => { window.saved = text; });
    return make.call(URL, blob); }; })(URL.createObjectURL), 0"""
SAVE = "window.dispatchEvent(new KeyboardEvent('keydown', {key: 's', ctrlKey: true, bubbles: true})), 0"
VIEWER = b"""<html><head><script src="/webcomponents.min.js"></script>
<link rel="import" href="/trace_viewer_full.html"></head><body></body></html>"""
IMPORT = """(async () => {
    const text = await (await fetch("/trace.json")).text(), model = new tr.Model();
    new tr.importer.Import(model).importTraces([text]);
    return {warnings: model.importWarnings.map(warning => warning.message),
        processes: model.getAllProcesses().map(one => ({pid: one.pid, name: one.name,
            counters: Object.fromEntries(Object.values(one.counters).map(counter =>
                [counter.name, Math.max(...counter.series[0].samples.map(sample => sample.value))])),
            slices: Object.values(one.threads).flatMap(thread =>
                thread.sliceGroup.slices.map(slice => [slice.title, slice.start, slice.duration]))}))};
})()"""


def export(spec, *options):
    done = lib.run([lib.REPORTER, "--export", spec, *options, profiled.directory])
    lib.equal((done.status, done.stderr), (0, b""), f"--export {spec} {options}")
    return done.stdout


def total(value):
    return data.data["totals"]["all"]["heap"][VALUES[value]]


def through(name, value):
    """Of all functions of that name: what viewers add up by name, recursion once."""
    sites = ((site, {data.data["functions"][data.data["lines"][line]["function"]]["name"]
                     for line in site["stack"]}) for site in data.data["sites"] if site["class"] == "heap")
    return sum(site["counters"][VALUES[value]] for site, names in sites if name in names)


def speedscope_files():
    """The application's files; npm gets them once a build tree."""
    home = lib.BUILD / "tests/viewers"
    files = home / "node_modules/speedscope/dist/release"
    if not files.exists():
        home.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(lib.SOURCE / "tests/viewers" / name, home)
        done = lib.run([lib.need("npm"), "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund",
                        "--fetch-retries=1", "--fetch-timeout=30000"], cwd=home)
        if done.status:
            lib.skip(f"npm ci: no speedscope: {done.stderr[-200:]!r}")
    return files


def open_in_speedscope(page, files, name, content):
    """The profiles as speedscope has them once the file is open: what it would save."""
    script = lib.fresh("profile").with_suffix(".js")
    script.write_text(f"speedscope.loadFileFromBase64({json.dumps(name)}, "
                      f"{json.dumps(base64.b64encode(content).decode())})")
    page.call("Page.navigate", url="about:blank")
    page.open(f"{files / 'index.html'}#localProfilePath={script}")
    page.until("document.title !== 'speedscope' && !document.title.startsWith('Loading')", f"{name} in speedscope")
    page.eval(CATCH)
    page.until(f"{SAVE}, window.saved !== null", f"speedscope's own copy of {name}")
    return json.loads(page.eval("window.saved"))


def by_frame(document, profile):
    """Weight of each frame with all below it, recursion once, from open and close events."""
    sums, open_since = collections.Counter(), collections.defaultdict(list)
    for event in profile["events"]:
        name = document["shared"]["frames"][event["frame"]]["name"]
        if event["type"] == "O":
            open_since[name].append(event["at"])
        else:
            since = open_since[name].pop()
            if not open_since[name]:
                sums[name] += event["at"] - since
    return sums


def check_profile(document, profile, value, what):
    lib.equal(profile["endValue"] - profile["startValue"], total(value), f"{what}: total")
    frames = by_frame(document, profile)
    for name in ("main", "blue"):
        lib.equal(frames[name], through(name, value), f"{what}: {name}")


def speedscope(page):
    files = speedscope_files()
    document = open_in_speedscope(page, files, "ours.speedscope.json", export("speedscope"))
    lib.equal(len(document["profiles"]), len(VALUES), "speedscope: profiles")
    for profile, value in zip(document["profiles"], VALUES):
        check_profile(document, profile, value, f"speedscope {value}")
        lib.equal(profile["unit"], "none" if value == "count" else "bytes", f"speedscope {value}: unit")
    lib.check("live at the tree's heap peak" in page.eval("document.body.innerText"), "speedscope shows its name")
    document = open_in_speedscope(page, files, "split.speedscope.json", export("speedscope", "--per-process"))
    lib.equal(sum(profile["endValue"] for profile in document["profiles"]), total("at-peak"),
              "speedscope: sum of processes")
    for value in VALUES:
        document = open_in_speedscope(page, files, "stacks.txt", export("collapsed", "--value", value))
        check_profile(document, document["profiles"][0], value, f"collapsed in speedscope, {value}")
    document = open_in_speedscope(page, files, "profile.pb", export("pprof"))
    check_profile(document, document["profiles"][0], "at-peak", "pprof in speedscope")
    document = open_in_speedscope(page, files, "trace.json", export("trace"))
    pids = {int(re.search(r"pid (\d+)", profile["name"]).group(1)) for profile in document["profiles"]}
    lib.equal(pids, {image.pid for image in data.images}, "trace in speedscope: processes")


class Serve(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments):
        super().__init__(*arguments, directory=Serve.folder)

    def do_GET(self):
        if self.path not in ("/", "/trace.json"):
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "application/json")
        self.end_headers()
        self.wfile.write(VIEWER if self.path == "/" else Serve.trace)

    def log_message(self, *arguments):
        pass


def trace_viewer(page):
    """Processes are named, have a bar of each program's time, and the tree's counters end up in it."""
    Serve.folder, Serve.trace = TRACE_VIEWER[0].rsplit("/", 1)[0], export("trace")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page.call("Page.navigate", url=f"http://127.0.0.1:{server.server_port}/")
    page.until("typeof tr === 'object' && !!tr.Model && !!tr.importer && !!tr.importer.Import", "the trace viewer")
    model = page.eval(IMPORT)
    server.shutdown()
    lib.equal(model["warnings"], [], "trace viewer: warnings")
    by_pid = {one["pid"]: one for one in model["processes"]}
    lib.check(by_pid[0]["counters"]["heap"] <= total("at-peak"), f"trace viewer: {by_pid[0]['counters']}")
    lib.check(by_pid[0]["counters"]["RSS"] > 0, "trace viewer: RSS of the tree")
    for image in data.images:
        one = by_pid[image.pid]
        lib.check(one["name"] == "truth_tree" and one["slices"], f"trace viewer: {one}")
        lib.check(all(title == "truth_tree" and duration > 0 for title, _, duration in one["slices"]),
                  f"trace viewer: {one}")


def flamegraph():
    for value in VALUES:
        done = lib.run(["perl", FLAMEGRAPH[0], "--countname=units", "--minwidth=0"],
                       input=export("collapsed", "--value", value))
        lib.equal(done.status, 0, f"flamegraph.pl {value}: {done.stderr[-200:]!r}")
        sums = collections.Counter()
        for title in re.findall(r"<title>(.*?)</title>", done.stdout.decode()):
            name, count = re.match(r"(.*) \(([\d,]+) units, [\d.]+%\)$", html.unescape(title)).groups()
            sums[name] += int(count.replace(",", ""))
        lib.equal(sums["all"], total(value), f"flamegraph.pl {value}: all")
        for name in ("main", "blue"):
            lib.equal(sums[name], through(name, value), f"flamegraph.pl {value}: {name}")


TRACE_VIEWER = (glob.glob("/usr/share/go-*/src/cmd/trace/static/trace_viewer_full.html") or
                lib.skip("no catapult here (golang-src)"))
FLAMEGRAPH = (glob.glob("/usr/share/perl5/Devel/NYTProf/flamegraph.pl") or
              lib.skip("no flamegraph.pl here (libdevel-nytprof-perl)"))
profiled = lib.Profiled([lib.workload("truth_tree")])
data = profiled.must_have_profile()
flamegraph()
chromium = browser.Browser()
trace_viewer(chromium)
speedscope(chromium)
chromium.close()
lib.finish()
