#!/usr/bin/python3
"""memwatch-report on damaged, cut, foreign and empty run directories: one line that names the
file and status 2, or what can be salvaged and status 1; never a death by signal, never a hang.
"""

import random
import shutil
import struct

import dump
import lib

DUMP = "run.mwd"


def report(directory, *options):
    done = lib.run([lib.REPORTER, *options, directory])
    lib.check(done.status in (0, 1, 2), f"{directory.name}: status {done.status}, "
                                        f"stderr {done.stderr[-300:]!r}")
    return done


def must_refuse(directory, why, word=None):
    done = report(directory)
    lines = done.stderr.decode(errors="replace").splitlines()
    lib.equal(done.status, 2, f"{why}: status")
    lib.equal(len(lines), 1, f"{why}: lines on stderr {lines}")
    lib.check(lines and str(word or directory) in lines[0], f"{why}: {lines} does not name it")
    lib.equal(done.stdout, b"", f"{why}: stdout")


def copy_of(directory, name, data=None):
    copy = lib.fresh(name)
    shutil.copytree(directory, copy)
    if data is not None:
        (copy / DUMP).write_bytes(data)
    return copy


def refused(good, data):
    must_refuse(lib.scratch / "not-there", "no such directory")
    empty = lib.fresh("empty")
    empty.mkdir()
    must_refuse(empty, "empty directory")
    must_refuse(copy_of(good, "empty-dump", b""), "empty dump")
    must_refuse(copy_of(good, "zeros", bytes(len(data))), "zeros")
    must_refuse(copy_of(good, "foreign", b"\x7fELF" + data[4:]), "foreign magic")
    must_refuse(copy_of(good, "text", data.replace(b"\r\n", b"\n", 1)), "text conversion")
    must_refuse(copy_of(good, "short", data[:100]), "cut inside the control page")
    future = bytearray(data)
    struct.pack_into("<I", future, 8, 9999)
    must_refuse(copy_of(good, "future", bytes(future)), "version from the future")
    is_file = lib.fresh("a-file")
    is_file.write_text("hello")
    must_refuse(is_file, "a file instead of a directory")


def salvaged(good, data, book):
    """Cut at and around each segment: what is before the cut is reported."""
    for segment in book.segments:
        for cut in (segment.offset, segment.offset + 32, segment.offset + dump.PAGE,
                    segment.offset + segment.size - 8):
            copy = copy_of(good, f"cut-{cut}", data[:cut])
            done = report(copy, "--json")
            lib.check(done.status in (1, 2) or cut >= book.next_offset - dump.PAGE,
                      f"cut at {cut}: status {done.status} hides the loss")
            lib.check(done.status == 2 or done.stdout, f"cut at {cut}: nothing salvaged, status 1")
    without_json = copy_of(good, "no-run-json")
    (without_json / "run.json").unlink()
    done = report(without_json)
    lib.check(done.status in (0, 1) and done.stdout, "without run.json the dump is still reported")
    broken_json = copy_of(good, "broken-run-json")
    (broken_json / "run.json").write_text('{"command": [1, {"')
    done = report(broken_json)
    lib.check(done.status in (0, 1) and done.stdout, "with a broken run.json the dump is reported")


def scrambled(good, data, book):
    """Random bytes over headers, tables and everything, from a fixed seed."""
    generator = random.Random(20240229)
    targets = [0] + [segment.offset for segment in book.segments]
    for number in range(60):
        bad = bytearray(data)
        for _ in range(generator.choice((1, 3, 20, 500))):
            start = generator.choice(targets)
            at = min(start + generator.randrange(generator.choice((8, 128, 8192))), len(bad) - 8)
            value = generator.choice((0, 0xFF, 0x7F, 0x80, generator.randrange(256)))
            bad[at:at + generator.choice((1, 2, 4, 8))] = bytes([value])
        copy = copy_of(good, f"scrambled-{number}", bytes(bad))
        report(copy, "--json")
        report(copy)
        shutil.rmtree(copy.parent)


def aimed(good, data, book):
    """Damage with intent: loops, huge numbers, ids out of range."""
    wounds = [("images_head loops", 80, "<Q", book.segments[0].offset),
              ("images_head outside", 80, "<Q", 1 << 60),
              ("next_offset huge", 64, "<Q", 1 << 62),
              ("next_offset zero", 64, "<Q", 0)]
    for segment in book.segments:
        wounds += [("segment kind unknown", segment.offset + 4, "<H", 77),
                   ("header_bytes huge", segment.offset + 6, "<H", 65535),
                   ("segment size zero", segment.offset + 8, "<Q", 0),
                   ("segment size huge", segment.offset + 8, "<Q", (1 << 64) - 1),
                   ("segment of no image", segment.offset + 16, "<Q", 12345),
                   ("first_id wraps", segment.offset + 24, "<I", 0xFFFFFFF0),
                   ("capacity huge", segment.offset + 28, "<I", 0xFFFFFFFF),
                   ("element_bytes zero", segment.offset + 32, "<I", 0)]
        if segment.kind == dump.IMAGE:
            wounds += [("own parent", segment.offset + 72, "<Q", segment.offset),
                       ("prev_image loops", segment.offset + 64, "<Q", segment.offset)]
        if segment.kind == dump.NODES:
            wounds += [("node is its own parent", segment.offset + 64 + 16, "<I",
                        segment.first_id + 1),
                       ("parent out of range", segment.offset + 64 + 16, "<I", 0xFFFFFFFF),
                       ("node kind unknown", segment.offset + 64 + 16 + 6, "<B", 200)]
        if segment.kind == dump.LOG:
            wounds += [("entry size zero", segment.offset + 64, "<I", 0),
                       ("entry size huge", segment.offset + 64, "<I", 0xFFFFFFF8),
                       ("path longer than its entry", segment.offset + 64 + 72, "<I", 0xFFFFFFF0)]
    for number, (why, offset, layout, value) in enumerate(wounds):
        bad = bytearray(data)
        struct.pack_into(layout, bad, offset, value)
        copy = copy_of(good, f"wound-{number}-{why.replace(' ', '-')}", bytes(bad))
        report(copy, "--json")
        shutil.rmtree(copy.parent)


def main():
    program = lib.workload("truth_inherit", "O0")
    profiled = lib.Profiled(["sh", "-c", f"TRUTH_FILE=/dev/null {program}; true"])
    good = profiled.directory
    lib.equal(lib.run([lib.REPORTER, good]).status, 0, "the undamaged run")
    data = (good / DUMP).read_bytes()
    book = dump.Dump(good / DUMP)
    refused(good, data)
    salvaged(good, data, book)
    aimed(good, data, book)
    scrambled(good, data, book)
    lib.finish()


main()
