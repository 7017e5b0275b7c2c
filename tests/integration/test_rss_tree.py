#!/usr/bin/python3
"""What the launcher measures of the whole tree: the RSS of a burst between its bounds, PSS beside
RSS, time, faults and switches, what RSS was made of, and processes that cannot be followed.
Oracles: the burst's own books, getrusage of a process's own, /proc of a known allocation.
"""

import json
import resource
import subprocess
import sys

import lib
import rss

MIB = 1 << 20
PYTHON = "/usr/bin/python3"


def processes_of(profiled):
    return rss.run_json(profiled)["processes"]


def burst():
    """Four children of 64 MiB together for 20 ms, every 350 ms: within 2 % of the truth, if the
    sampler came in time."""
    profiled = lib.Profiled([rss.workload("rss_burst"), "3"])
    truth = json.loads(profiled.done.stdout)
    truth_kib = truth["peak_kib"]
    tree = profiled.must_have_profile().data["runs"][0]["tree"]
    least_kib = truth_kib * 0.98 if rss.was_seen(profiled, truth, "burst") else 0
    lib.check(least_kib <= tree["rss_lower_kib"] <= truth_kib * 1.02,
              f"burst: {tree['rss_lower_kib']} KiB, the truth is {truth_kib}")
    lib.check(tree["rss_lower_kib"] <= tree["rss_upper_kib"] <= truth_kib * 1.02,
              f"burst: upper bound {tree['rss_upper_kib']} of {truth_kib} KiB")
    lib.equal(tree["upper_sampled_processes"], 0, "burst: processes that were only sampled")
    lib.check(" (sum of processes, exact)" in profiled.report or " more)" in profiled.report,
              "burst: the report states no bound")
    rows = rss.samples_of(profiled)
    lib.equal(max(int(row["rss_bytes"]) for row in rows), tree["rss_lower_kib"] * 1024,
              "burst: highest row of samples.csv")


SHARING = """
import os, time
memory = bytearray(b"x") * (200 << 20)
end, keep = os.pipe()
for i in range(8):
    if os.fork() == 0:
        os.close(keep)
        os.read(end, 1)
        os._exit(0)
time.sleep(3) # all of them, however long it took to make them
os.close(keep)
for i in range(8):
    os.wait()
"""


def sharing():
    """A parent of 200 MiB and 8 forks: RSS counts it nine times, PSS once."""
    profiled = lib.Profiled([PYTHON, "-c", SHARING])
    tree = profiled.must_have_profile().data["runs"][0]["tree"]
    lib.check(1800 * 1024 <= tree["rss_lower_kib"] <= 2100 * 1024,
              f"sharing: RSS {tree['rss_lower_kib']} KiB")
    lib.check(1800 * 1024 <= tree["rss_at_pss_kib"], f"sharing: PSS was read at {tree}")
    lib.check(200 * 1024 <= tree["pss_kib"] <= 260 * 1024, f"sharing: PSS {tree['pss_kib']} KiB")
    lib.check(tree["uss_kib"] <= 40 * 1024, f"sharing: USS {tree['uss_kib']} KiB")
    lib.check("PSS" in profiled.report, "sharing: no PSS in the report")
    with_pss = [row for row in rss.samples_of(profiled) if row["pss_bytes"]]
    lib.check(with_pss, "sharing: no row of samples.csv has PSS")


USE = """
import mmap, os, resource, sys
for i in range(int(sys.argv[1])):
    with mmap.mmap(-1, 8 << 20) as memory:
        for at in range(0, len(memory), mmap.PAGESIZE):
            memory[at] = 1
sum(range(3000000))
if sys.argv[2:]:
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt,
      resource.getrusage(resource.RUSAGE_SELF).ru_utime)
"""


def use():
    """Faults and time of each program of an exec chain are its own; the tree's are their sum."""
    script = lib.scratch / "use.py"
    script.write_text(USE)
    profiled = lib.Profiled([PYTHON, script, "4", str(script), "2"])
    faults, seconds = profiled.done.stdout.split()
    rows = [row for row in processes_of(profiled) if "use.py" in row["command"]]
    lib.equal([row["exec_generation"] for row in rows], [0, 1], "use: generations")
    if len(rows) != 2:
        return
    lib.check(all(row["is_usage_exact"] for row in rows), "use: not told from inside")
    first, second = (row["minor_faults"] for row in rows)
    lib.check(first >= 4 * 2048 and second >= 2 * 2048, f"use: faults {first}, {second}")
    lib.check(0 <= first + second - int(faults) <= 3000,
              f"use: {first} + {second} faults, the process counted {int(faults)}")
    cpu = sum(row["cpu_user_seconds"] for row in rows)
    lib.check(float(seconds) - 0.011 <= cpu <= float(seconds) + 1,
              f"use: {cpu} s, the process counted {float(seconds)}")
    tree = profiled.must_have_profile().data["runs"][0]["tree"]
    lib.check(tree["minor_faults"] >= first + second, f"use: faults of the tree: {tree}")
    lib.check(all(row["voluntary_switches"] >= 0 and row["write_bytes"] >= 0 for row in rows),
              "use: switches and bytes")


MADE = """
import mmap, os, time
heap = bytearray(b"x") * (40 << 20)
mapped = mmap.mmap(-1, 24 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
shared = mmap.mmap(-1, 16 << 20)
fd = os.memfd_create("named")
os.ftruncate(fd, 12 << 20)
named = mmap.mmap(fd, 12 << 20)
named[:6 << 20] = bytes(6 << 20) # the rest is less than a tenth of all
for memory in mapped, shared, named:
    time.sleep(0.1 * (memory is named)) # is read here, and must be again
    for at in range(0, len(memory), mmap.PAGESIZE):
        memory[at] = 1
time.sleep(2)
"""


def made_of():
    """Each page of RSS is in one kind, and known memory is in the right one."""
    profiled = lib.Profiled([PYTHON, "-c", MADE])
    image = profiled.must_have_profile().images[0]
    made = image.row.get("made_of")
    if not lib.check(made, "made of: nothing was read"):
        return
    kinds = ("anonymous_kib", "stack_kib", "file_kib", "data_kib", "shared_kib", "own_kib")
    lib.check(abs(made["rss_kib"] - sum(made[kind] for kind in kinds)) <= len(kinds),
              f"made of: {made} does not add up")
    lib.check(abs(made["rss_kib"] - image.row["max_rss_kib"]) <= image.row["max_rss_kib"] * 0.05,
              f"made of: read at {made['rss_kib']} KiB of {image.row['max_rss_kib']}")
    lib.check(40 * MIB <= made["heap_live_bytes"] <= 50 * MIB, f"made of: heap {made}")
    lib.check(40 * MIB <= made["mapped_live_bytes"] <= 46 * MIB, f"made of: mapped {made}")
    lib.check(12 * 1024 <= made["shared_kib"] <= 13 * 1024, f"made of: shared {made}")
    rest = made["anonymous_kib"] - (made["heap_live_bytes"] + made["mapped_live_bytes"]) // 1024
    lib.check(-4096 <= rest <= 8192, f"made of: {rest} KiB are neither heap nor mapped: {made}")
    lib.check(0 < made["own_kib"] <= 8 * 1024, f"made of: ours {made}")
    lib.check(0 < made["stack_kib"] <= 1024, f"made of: stacks {made}")
    lib.check("What RSS was made of" in profiled.report, "made of: not in the report")


STATIC = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
	char *memory = malloc(48 << 20);
	memset(memory, 1, 48 << 20);
	usleep(500000);
	return memory[5] - 1;
}
"""


PASS_ON = """
#include <unistd.h>
int main(int argc, char **argv)
{
	usleep(argc > 2 ? 60000 : 0);
	return argc > 1 ? execv(argv[1], argv + 1) : 0;
}
"""


def build_static(name, text):
    """Return: the program, None where static ones cannot be built."""
    source, program = lib.scratch / f"{name}.c", lib.scratch / name
    source.write_text(text)
    done = lib.run([lib.need("gcc"), "-static", "-O1", "-o", program, source])
    return program if done.status == 0 else None


def unfollowed_exec():
    """A program that has run for a while execs a static one; static ones in between others; one
    too short to be seen alive. Each has a row of its own, and none is called exact."""
    static, pass_on = build_static("static_two", STATIC), build_static("pass_on", PASS_ON)
    if not static or not pass_on:
        return
    wait = f"{PYTHON} -c 'import time; time.sleep(0.3)'"
    profiled = lib.Profiled(["sh", "-c", f"{wait}; exec {static}"])
    rows = [row for row in processes_of(profiled) if row["command"] == str(static)]
    tree = profiled.must_have_profile().data["runs"][0]["tree"]
    lib.equal([(row["exec_generation"], row["is_exact"]) for row in rows], [(1, False)],
              "exec of a static program")
    lib.check(rows and 48 * 1024 <= rows[0]["max_rss_kib"] <= 52 * 1024, f"late exec: {rows}")
    lib.equal((tree["is_exact"], tree["upper_sampled_processes"]), (False, 1), "late exec: bound")
    inner = f"exec {pass_on} /bin/sh -c '{wait.replace(chr(39), chr(34))}; exec {pass_on}'"
    profiled = lib.Profiled(["sh", "-c", f"{wait}; {inner}"])
    root = [row for row in processes_of(profiled) if row["ppid"] == processes_of(profiled)[0]["ppid"]]
    lib.equal([("image" in row, row["exec_generation"]) for row in root],
              [(True, 0), (False, 1), (True, 2), (False, 3)], "static programs between others")
    lib.check(len(root) == 4 and root[1]["command"].startswith(str(pass_on)) and
              root[3]["command"] in ("pass_on", str(pass_on)), f"static programs: {root}")


def unfollowed():
    """A static program, and one that is left behind, are sampled and waited for; what is known of
    them is a lower bound, and the report says so."""
    static = build_static("static_one", STATIC)
    if not static:
        return
    profiled = lib.Profiled(["sh", "-c", f"{static} & exit 0"], "--wait-all")
    rows = [row for row in processes_of(profiled) if row["command"] == str(static)]
    tree = profiled.must_have_profile().data["runs"][0]["tree"]
    if not lib.equal(len(rows), 1, "unfollowed: rows of the static program"):
        return
    row = rows[0]
    lib.check(not row["is_exact"] and "image" not in row, f"unfollowed: {row}")
    lib.check(48 * 1024 <= row["max_rss_kib"] <= 52 * 1024, f"unfollowed: {row['max_rss_kib']} KiB")
    lib.check(row["last_seen_elapsed_ns"] - row["first_seen_elapsed_ns"] >= 0.4e9,
              "unfollowed: not waited for")
    lib.check(row["minor_faults"] >= 12000, f"unfollowed: faults {row['minor_faults']}")
    lib.equal((tree["is_exact"], tree["upper_sampled_processes"]), (False, 1), "unfollowed: bound")
    lib.check("at least: 1 only sampled" in profiled.report, "unfollowed: not in the report")


BRIEF = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
	char *volatile memory = malloc(120 << 20);
	memset(memory, 1, 120 << 20);
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "VmHWM:", 6) == 0)
			printf("%d\n", atoi(line + 6));
	return 0;
}
"""


def unseen():
    """A static program that is gone before a sampler that sleeps sees it: it is in the tree's peak,
    since the kernel knows its, and nothing is called exact. A limit that it passed is passed."""
    static = build_static("brief", BRIEF)
    if not static:
        return
    profiled = lib.Profiled(["sh", "-c", f"sleep 0.2; {static}; sleep 0.1; :"], "-i", "60000",
                            "--max-process-rss=60M")
    hwm_kib = int(profiled.done.stdout)
    lib.equal(profiled.done.status, 11, "unseen: the limit")
    was_seen = any("image" not in row for row in processes_of(profiled))
    tree = profiled.must_have_profile().data["runs"][0]["tree"]
    lib.check(abs(tree["rss_lower_kib"] - hwm_kib) <= hwm_kib // 50,
              f"unseen: {tree['rss_lower_kib']} KiB, the program read {hwm_kib}")
    lib.equal((tree["is_exact"], tree["unseen_processes"], tree.get("rss_upper_kib")),
              (False, 0 if was_seen else 1, None), "unseen: bounds")
    lib.check("(sum of processes, at least" in profiled.report, "unseen: not in the report")
    if was_seen:
        print("note: unseen: it was seen, by chance")


def before():
    """Who becomes the launcher by exec may have had children before: they are none of the job's."""
    program = [lib.LAUNCHER, "-q", "--no-report", "--run-dir", directory := lib.fresh("run"), "true"]
    large = f"{PYTHON} -c 'bytearray(b\"x\") * (150 << 20)'"
    done = lib.run(["sh", "-c", f'{large}; exec "$@"', "sh", *program])
    lib.equal(done.status, 0, f"before: {done.stderr!r}")
    tree = json.loads((directory / "run.json").read_text())["tree"]
    lib.check(0 < tree["minor_faults"] < 10000, f"before: {tree['minor_faults']} faults, 38400 of another's")
    lib.check(0 < tree["rss_lower_kib"] < 50 << 10, f"before: {tree['rss_lower_kib']} KiB")


def history():
    """process_samples.csv: rows of known processes, in order of time, no two equal in a row."""
    profiled = lib.Profiled([rss.workload("rss_burst"), "1"])
    known = {(row["pid"], row.get("start_ticks")) for row in processes_of(profiled)}
    rows, last, before = rss.samples_of(profiled, "process_samples.csv"), {}, -1
    lib.check(len(rows) > 8, f"history: {len(rows)} rows")
    for row in rows:
        key = int(row["pid"]), int(row["start_ticks"])
        lib.check(key in known, f"history: {key} is no process of run.json")
        lib.check(int(row["elapsed_ns"]) >= before, "history: not in order of time")
        lib.check(last.get(key) != row["rss_bytes"], f"history: the same again: {row}")
        before, last[key] = int(row["elapsed_ns"]), row["rss_bytes"]
    lib.check(all(value == "0" for value in last.values()), f"history: no end: {last}")


CROWD = """
import os, time
end, keep = os.pipe()
for i in range(50):
    if os.fork() == 0:
        os.close(keep)
        os.read(end, 1)
        os._exit(0)
time.sleep(4)
os.close(keep)
for i in range(50):
    os.wait()
"""


def own_cost():
    """What the sampler itself takes is told, and stays within its budget over a quiet second."""
    profiled = lib.Profiled([PYTHON, "-c", CROWD])
    run = profiled.must_have_profile().data["runs"][0]
    lib.check(0 < run["sampler"]["cpu_share"] < 1, f"own cost: {run['sampler']}")
    lib.check("of a core" in profiled.report, "own cost: not in the report")
    quiet = [row for row in rss.samples_of(profiled)
             if row["n_processes"] == "51" and int(row["elapsed_ns"]) > 2.5e9]
    lib.check(quiet, "own cost: no samples of 51 processes")


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if subprocess.run([PYTHON, "-c", ""], check=False).returncode != 0:
        lib.skip(f"{PYTHON} does not run")
    tests = [burst, sharing, use, made_of, unfollowed, unfollowed_exec, unseen, before, history, own_cost]
    for test in lib.possible(tests, made_of, unfollowed, unfollowed_exec, unseen, before):
        print(test.__name__, flush=True)
        test()
    lib.finish()


if __name__ == "__main__":
    sys.exit(main())
