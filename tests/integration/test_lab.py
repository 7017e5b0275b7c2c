#!/usr/bin/python3
"""The workload lab: each program's flags, ranges, messages and line of results, and that none
of it changes under the profiler. Trick: a line's shape is the line with every number replaced.
"""

import concurrent.futures
import json
import re
import signal
import socket
import struct
import subprocess
import time

import lib

PROGRAMS = lib.BUILD / "workloads/lab"
# name -> arguments of a run of one second, keys of the JSON and of the text, in order
SMOKE = {
    "fork_exit_storm": (
        "--workers 1 --fork-rate 5", "workload forks elapsed_ms",
        "workers fork_rate duration_sec forks elapsed_ms"),
    "fork_touch_exit": (
        "--workers 1 --fork-rate 3 --touch-pages 8", "workload forks touch_pages elapsed_ms",
        "workers fork_rate touch_pages duration_sec forks elapsed_ms"),
    "fork_exec_storm": (
        "--workers 1 --fork-rate 2", "workload execs exec_path elapsed_ms",
        "workers fork_rate exec_path duration_sec execs elapsed_ms"),
    "interactive_burst": (
        "--region-mb 8 --active-ms 10 --idle-ms 10",
        "workload touches region_mb use_mem_arena arena_autoloops elapsed_ms",
        "region_mb active_ms idle_ms duration_sec touches elapsed_ms use_mem_arena "
        "arena_autoloops"),
    "mmap_churn": (
        "--map-kb 64 --ops-per-sec 10",
        "workload ops map_kb use_mem_arena compress_policy external_compress_triggers elapsed_ms",
        "map_kb ops_per_sec duration_sec ops elapsed_ms use_mem_arena compress_policy "
        "external_compress_triggers"),
    "anon_streamer": (
        "--region-mb 8 --idle-ms 10",
        "workload passes region_mb use_mem_arena compress_policy external_compress_triggers "
        "elapsed_ms",
        "region_mb idle_ms duration_sec passes elapsed_ms use_mem_arena compress_policy "
        "external_compress_triggers"),
    "random_touch_heap": (
        "--region-mb 8 --ops-per-sec 100",
        "workload ops region_mb use_mem_arena compress_policy external_compress_triggers "
        "elapsed_ms",
        "region_mb ops_per_sec duration_sec ops elapsed_ms use_mem_arena compress_policy "
        "external_compress_triggers"),
}
FORKING = ("fork_exit_storm", "fork_touch_exit", "fork_exec_storm")
CAP = "exceeds safe max {}; pass --unsafe-allow-long to override"
# every program: arguments, message
COMMON_ERRORS = [
    ("--duration-sec 301", "duration 301 " + CAP.format(300)),
    ("--workers 513", "workers 513 " + CAP.format(512)),
    ("--unsafe-allow-long --duration-sec 3601", "--duration-sec out of range [1,3600]: 3601"),
    ("--unsafe-allow-long --workers 4097", "--workers out of range [1,4096]: 4097"),
    ("--duration-sec 0", "--duration-sec out of range [1,3600]: 0"),
    ("--workers -1", "--workers out of range [1,4096]: -1"),
    ("--workers 99999999999999999999", "--workers out of range [1,4096]: 99999999999999999999"),
    ("--duration-sec 1s", "invalid integer for --duration-sec: 1s"),
    ("--duration-sec", "missing value for --duration-sec"),
    ("--document x", "invalid uint64 for --document: x"),
    ("--document -1", "invalid uint64 for --document: -1"),
    ("--bogus", "unknown arg: --bogus"),
    ("word", "unknown arg: word"),
]
RANGES = {
    "fork_exit_storm": {"fork-rate": (1, 2000)},
    "fork_touch_exit": {"fork-rate": (1, 1000), "touch-pages": (1, 16384)},
    "fork_exec_storm": {"fork-rate": (1, 500)},
    "interactive_burst": {
        "region-mb": (1, 8192), "active-ms": (1, 10000), "idle-ms": (1, 30000),
        "arena-cap-mb": (8, 65536), "arena-min-savings-pct": (0, 95),
        "arena-t-cold-ms": (100, 60000), "arena-prefetch-distance": (1, 1024),
        "arena-prefetch-batch": (1, 1024)},
    "mmap_churn": {
        "map-kb": (4, 1048576), "ops-per-sec": (1, 100000), "arena-region-mb": (1, 16384),
        "arena-cap-mb": (8, 65536), "arena-min-savings-pct": (0, 95)},
    "anon_streamer": {
        "region-mb": (1, 16384), "idle-ms": (1, 30000), "arena-cap-mb": (8, 65536),
        "arena-min-savings-pct": (0, 95)},
    "random_touch_heap": {
        "region-mb": (1, 16384), "ops-per-sec": (1, 50000000), "arena-cap-mb": (8, 65536),
        "arena-min-savings-pct": (0, 95)},
}
NEEDS_ARENA = [
    ("--controller-enroll", "--controller-enroll requires --use-mem-arena"),
    ("--compress-policy both", "--compress-policy both requires --use-mem-arena"),
    ("--compress-policy fast",
     "invalid --compress-policy: fast (expected internal|external|both)"),
]


def refused(program, arguments, message):
    done = lib.run([PROGRAMS / program, *arguments.split()])
    lib.equal((done.status, done.stdout, done.stderr.decode()), (2, b"", message + "\n"),
              f"{program} {arguments}")


def check_command_lines():
    for program in SMOKE:
        for arguments, message in COMMON_ERRORS:
            refused(program, arguments, message)
        for flag, (least, most) in RANGES[program].items():
            for value in (least - 1, most + 1):
                refused(program, f"--{flag} {value}",
                        f"--{flag} out of range [{least},{most}]: {value}")
            # The ends themselves are in the range: the next flag is the one refused.
            refused(program, f"--{flag} {least} --{flag} {most} --bogus", "unknown arg: --bogus")
        usage = lib.run([PROGRAMS / program, "--help", "--bogus"])
        lib.equal((usage.status, usage.stdout), (0, b""), f"{program} --help")
        for flag in (*RANGES[program], "duration-sec", "workers", "document", "json"):
            lib.check(f"--{flag} ".encode() in usage.stderr, f"{program} --help lacks --{flag}")
    for program in ("mmap_churn", "anon_streamer", "random_touch_heap"):
        for arguments, message in NEEDS_ARENA:
            refused(program, arguments, message)
    refused("interactive_burst", "--controller-enroll", "unknown arg: --controller-enroll")


def shape(line):
    return re.sub(rb"\d+", b"N", line)


def check_json(program, line, keys):
    lib.check(b" " not in line and line.endswith(b"}\n"), f"{program}: not one line: {line!r}")
    lib.equal(list(json.loads(line)), keys.split(), f"{program}: keys of the JSON")
    lib.check(re.search(rb'"elapsed_ms":\d+\.\d{6}[,}]', line), f"{program}: digits of {line!r}")


def check_text(program, line, keys):
    name, *fields = line.decode().split()
    lib.equal(name, program, "first word of the text")
    lib.equal([field.split("=")[0] for field in fields], keys.split(), f"{program}: text")
    lib.check(re.search(rb" elapsed_ms=\d+\.\d{3}[ \n]", line), f"{program}: digits of {line!r}")


def smoke(program):
    """One second each: plainly and under the profiler, as JSON and as text."""
    arguments, json_keys, text_keys = SMOKE[program]
    command = [PROGRAMS / program, "--duration-sec", "1", *arguments.split()]
    for more, check, keys in ((["--json"], check_json, json_keys), ([], check_text, text_keys)):
        plain, profiled = lib.compare_runs([*command, *more], same_output=False)
        lib.equal((plain.status, plain.stderr), (0, b""), f"{program}: status and stderr")
        lib.equal(shape(profiled.done.stdout), shape(plain.stdout), f"{program}: shape")
        lib.equal(profiled.done.stderr, b"", f"{program}: stderr under the profiler")
        check(program, plain.stdout, keys)
        if program in FORKING:
            n_children = int(re.search(rb"(?:forks|execs)\D+(\d+)", profiled.done.stdout)[1])
            images = profiled.must_have_profile().images
            # The root, and a child each: one that only execs leaves no image of the time before.
            lib.equal(len(images), 1 + n_children, f"{program}: images of {n_children} children")


ARENA = "arena_compress_ops arena_decompress_ops arena_evictions_lru"
LOOPS = ("arena_hotness_epoch arena_damon_snapshots arena_damon_regions_observed "
         "arena_damon_read_errors arena_bg_compress_attempts arena_bg_compress_admits "
         "arena_prefetch_decompress_ops arena_demand_decompress_stall_events "
         "arena_demand_decompress_stall_ns_total arena_t_cold_epochs_current")
STATS = ("workload logical_input_bytes compressed_bytes_live slot_bytes_live compress_ops "
         "decompress_ops evictions_lru incompressible_chunks access_hits_raw "
         "access_hits_decompressed compression_reject_small_gain")


def keys_with_arena(program):
    """The arena's keys come before elapsed_ms, mmap_churn's region before the policy."""
    keys = SMOKE[program][1].replace("compress_policy", "arena_region_mb compress_policy"
                                     if program == "mmap_churn" else "compress_policy")
    more = f"{ARENA} {LOOPS}" if program == "interactive_burst" else ARENA
    return keys.replace("elapsed_ms", f"{more} elapsed_ms")


def in_arena(program):
    """The same with the region in the arena; its statistics are those of the line."""
    stats_path = lib.fresh("stats")
    arguments = SMOKE[program][0].split() + ["--use-mem-arena", "--arena-stats-json", stats_path]
    if program == "mmap_churn":
        arguments += ["--arena-region-mb", "8"]
    done = lib.run([PROGRAMS / program, "--duration-sec", "1", "--json", *arguments])
    lib.equal((done.status, done.stderr), (0, b""), f"{program} in the arena: end")
    check_json(program, done.stdout, keys_with_arena(program))
    line, stats = json.loads(done.stdout), json.loads(stats_path.read_text())
    lib.equal(list(stats), STATS.split(), f"{program}: keys of the statistics")
    for key in ("compress_ops", "decompress_ops", "evictions_lru"):
        lib.equal(line[f"arena_{key}"], stats[key], f"{program}: {key}")
    lib.check(stats["compress_ops"] >= 2048, f"{program}: 8 MiB are not compressed: {stats}")
    lib.equal(stats["decompress_ops"], stats["access_hits_decompressed"], f"{program}: touches")


def check_controller():
    """A controller hears who may be asked, asks by SIGUSR1, and hears what came of it."""
    path = lib.fresh("sock")
    controller = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    controller.bind(str(path))
    controller.settimeout(30)
    child = subprocess.Popen(
        [PROGRAMS / "random_touch_heap", "--duration-sec", "2", "--region-mb", "8", "--json",
         "--use-mem-arena", "--controller-enroll", "--controller-sock", path,
         "--compress-policy", "external"], stdout=subprocess.PIPE)
    kind, pid, name, *rest = struct.unpack("=II32s4I", controller.recv(256))
    lib.equal((kind, pid, name.rstrip(b"\0"), rest),
              (1, child.pid, b"random_touch_heap", [1, 256, 5, 8]), "ENROLL")
    child.send_signal(signal.SIGUSR1)
    kind, pid, name, _event_ns, *rest = struct.unpack("=II32s13Q", controller.recv(256))
    lib.equal((kind, pid, name.rstrip(b"\0")), (2, child.pid, b"random_touch_heap"), "ACK")
    lib.equal(rest[:4], [1, 8 << 20, 2048, 8 << 20], "ACK: first request, all chunks")
    line = json.loads(child.communicate(timeout=lib.TIMEOUT_S)[0])
    lib.equal((line["external_compress_triggers"], line["arena_compress_ops"]), (1, 2048),
              "compressed only when asked")
    nobody = lib.run([PROGRAMS / "random_touch_heap", "--use-mem-arena", "--controller-enroll",
                      "--controller-sock", lib.fresh("nobody")])
    lib.equal(nobody.status, 1, "no controller: status")
    lib.equal(nobody.stderr.count(b"\n"), 1, "no controller: one line")


def check_arena():
    probe = lib.run([PROGRAMS / "anon_streamer", "--use-mem-arena", "--duration-sec", "1",
                     "--region-mb", "1", "--idle-ms", "1"])
    if b"not supported" in probe.stderr:
        print("note: built without LZ4; the arena is not tried")
        lib.equal(probe.status, 1, "without LZ4: status")
        return
    loops = lib.run([PROGRAMS / "interactive_burst", "--use-mem-arena", "--arena-autoloops"])
    lib.equal((loops.status, loops.stderr), (1, b"--arena-autoloops: not available\n"), "loops")
    refused("interactive_burst", "--arena-autoloops", "--arena-autoloops requires --use-mem-arena")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(in_arena, [program for program in SMOKE if program not in FORKING]))
    check_controller()


def alive_together(program, *more):
    """The most children seen alive at once, by asking the kernel very often."""
    child = subprocess.Popen([PROGRAMS / program, "--duration-sec", "1", "--workers", "3",
                              "--fork-rate", "10", *more], stdout=subprocess.DEVNULL)
    most = 0
    children = f"/proc/{child.pid}/task/{child.pid}/children"
    while child.poll() is None:
        try:
            with open(children, encoding="ascii") as file:
                most = max(most, len(file.read().split()))
        except OSError:
            break
    lib.equal(child.wait(), 0, f"{program}: status")
    return most


def check_concurrency():
    # Children of 32 MB live long enough to be seen.
    pages = ("--touch-pages", "8192")
    lib.equal(alive_together("fork_touch_exit", *pages), 1, "children at once, serial")
    lib.check(alive_together("fork_touch_exit", *pages, "--concurrent") > 1,
              "--concurrent: never two children at once")


def check_stop():
    for number in (signal.SIGINT, signal.SIGTERM):
        child = subprocess.Popen([PROGRAMS / "fork_exit_storm", "--json"], stdout=subprocess.PIPE)
        time.sleep(0.3)
        child.send_signal(number)
        line = child.communicate(timeout=lib.TIMEOUT_S)[0]
        lib.equal(child.returncode, 0, f"fork_exit_storm: status after {number.name}")
        lib.check(json.loads(line)["elapsed_ms"] < 20000, f"{number.name} did not end it early")


def check_limit():
    """Children inherit the limit on processes: soft and hard, 4096 or 32 a worker."""
    limits = "/proc/self/limits"
    script = lib.fresh("limits")
    script.write_text(f"#!/bin/sh\ngrep processes {limits} >{script}.out\n")
    script.chmod(0o755)
    for workers, limit in ((1, 4096), (200, 6400)):
        lib.run([PROGRAMS / "fork_exec_storm", "--exec-path", script, "--duration-sec", "1",
                 "--workers", workers, "--fork-rate", "1"])
        with open(f"{script}.out", encoding="ascii") as file:
            lib.equal(file.read().split()[2:4], [str(limit)] * 2, f"{workers} workers: limit")


def main():
    check_command_lines()
    with concurrent.futures.ThreadPoolExecutor(len(SMOKE)) as pool:
        list(pool.map(smoke, SMOKE)) # list: a test that broke says so
    check_arena()
    check_concurrency()
    check_stop()
    check_limit()
    lib.finish()


main()
