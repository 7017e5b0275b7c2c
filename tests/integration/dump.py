"""dump.py - a second, independent reader of run.mwd for the tests (preload/format.h in Python).

It knows no symbols and no stacks: only segments, images and sums of records. The tests use it to
find bytes worth damaging and to check the report's totals against the dump's own.
"""

import collections
import struct

PAGE = 4096
CLASSES = ("heap", "anon", "file")
PROCESS_HEAP, TREE_HEAP, TREE_RSS = range(3)
SEGMENT_MAGIC = 0x5345474D
IMAGE, NODES, RECORDS, LOG = 1, 2, 3, 4

Segment = collections.namedtuple(
    "Segment", "offset kind header_bytes size image first_id capacity element_bytes")
Record = collections.namedtuple(
    "Record", "node klass used size_class allocated_bytes allocated_blocks freed_bytes freed_blocks "
    "max_total_bytes epoch0 epoch1 epoch2 reserved peak0 peak1 peak2 blocks0 blocks1 blocks2 "
    "freed_here_bytes freed_here_blocks")
RECORD = struct.Struct("<IHBB5Q4I6q2Q")


class Image:
    """One process image: the fields of struct mwd_image that the tests look at."""

    def __init__(self, data, offset):
        at = offset + 64
        self.offset = offset
        self.prev, self.parent = struct.unpack_from("<2Q", data, at)
        (self.node_base, self.record_base, self.module_base, self.flags, self.pid,
         self.ppid) = struct.unpack_from("<4I2i", data, at + 16)
        self.start_ns, self.end_ns = struct.unpack_from("<2q", data, at + 40)
        (self.end, self.end_status, *self.end_epoch) = struct.unpack_from("<Ii3I", data, at + 56)
        (self.heap_epoch,) = struct.unpack_from("<I", data, at + 76)
        (self.heap_peak_ns, self.contribution, self.vm_hwm, self.own_private, self.own_shared,
         self.inherited_freed_bytes, self.inherited_freed_blocks, self.unknown_frees,
         self.n_checked, self.n_mismatched) = struct.unpack_from("<2q8Q", data, at + 80)
        self.n_threads, cmdline_bytes = struct.unpack_from("<2I", data, at + 160)
        self.lost = struct.unpack_from("<16Q", data, at + 168)
        totals = struct.unpack_from("<6q", data, at + 296)
        self.live = dict(zip(CLASSES, totals[0::2]))
        self.peak = dict(zip(CLASSES, totals[1::2]))
        self.exe = data[offset + PAGE - 2048:offset + PAGE - 1536].split(b"\0")[0].decode()
        cmdline = data[offset + PAGE - 1536:offset + PAGE][:cmdline_bytes]
        self.argv = [word.decode(errors="replace") for word in cmdline.split(b"\0") if word]
        self.records = []

    def sums(self, klass):
        """Sums of this image's records of one class, settled at its own heap peak."""
        mine = [r for r in self.records if r.klass == CLASSES.index(klass)]
        out = {name: sum(getattr(r, name) for r in mine)
               for name in ("allocated_bytes", "allocated_blocks", "freed_bytes", "freed_blocks",
                            "freed_here_bytes", "freed_here_blocks")}
        out["at_peak_bytes"] = sum(self.at_peak(r) for r in mine)
        return out

    def at_peak(self, record):
        live, peak = self.live["heap"], self.peak["heap"]
        if max(live, peak) <= 0:
            return 0 # there was no peak to be at
        if live > peak or record.epoch0 != self.heap_epoch:
            return record.allocated_bytes - record.freed_bytes
        return record.peak0


class Dump:
    """All of a dump file; raises ValueError if it is not one."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = data = file.read()
        if data[:8] != b"\x89MWD\r\n\x1a\n":
            raise ValueError("not a dump")
        self.version, self.control_bytes = struct.unpack_from("<2I", data, 8)
        (self.next_offset, self.allocated_end, self.images_head, self.n_images,
         self.n_lost_images) = struct.unpack_from("<3Q2I", data, 64)
        self.heap_live, self.heap_peak, _, self.heap_epoch = struct.unpack_from("<3qI", data, 128)
        self.rss_peak, _, self.rss_epoch = struct.unpack_from("<2qI", data, 192)
        self.heap_peak = max(self.heap_peak, self.heap_live)
        self.segments = list(self._segments())
        self.images = {s.offset: Image(data, s.offset) for s in self.segments if s.kind == IMAGE}
        for segment in self.segments:
            if segment.kind == RECORDS and segment.image in self.images:
                self.images[segment.image].records += self._records(segment)

    def _segments(self):
        offset = PAGE
        while offset + PAGE <= min(self.next_offset, len(self.data)):
            (magic, kind, header_bytes, size, image, first_id, capacity,
             element_bytes) = struct.unpack_from("<IHHQQIII", self.data, offset)
            if magic != SEGMENT_MAGIC:
                offset += PAGE
                continue
            yield Segment(offset, kind, header_bytes, size, image, first_id, capacity,
                          element_bytes)
            offset += max(size, PAGE)

    def _records(self, segment):
        first = segment.offset + segment.header_bytes
        for at in range(first, first + segment.capacity * RECORD.size, RECORD.size):
            record = Record._make(RECORD.unpack_from(self.data, at))
            if record.used:
                yield record
