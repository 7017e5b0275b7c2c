/* SPDX: no licence chosen yet, see README */
/*
 * format.h - the bytes of a run's dump: the only bridge between the zone and the report.
 *
 * One run has one dump file, <run>/run.mwd. Every process image of the job maps its own
 * segments of it MAP_SHARED, so what was recorded survives SIGKILL, and nothing has to be
 * flushed at exit. (One file for the whole run, because opening an existing file costs an
 * exec a third of what creating one does.)
 *
 *   0        control page                   struct mwd_control, made by the launcher
 *   4096     segment, segment, ...          struct mwd_segment header, then its elements
 *            ...                            up to control.next_offset
 *
 * A process claims space by an atomic add on control.next_offset and then writes a segment
 * header. Every claim is a multiple of MWD_PAGE, so a reader that finds no header (a process
 * killed between claim and header) goes on looking page by page.
 *
 * Who belongs to whom. A segment names the image (by the file offset of the image's own
 * segment) that wrote it. Ids of nodes, records and modules are per image, and dense. A forked
 * child continues its parent's ids: node ids below child.node_base (module ids below
 * child.module_base) are looked up in the image child.parent_image as it stands in the file;
 * append-only tables make that right for ever. Record ids below child.record_base name blocks
 * inherited from the parent.
 *
 * Exact peaks (DESIGN 5). A record's counters were X when total T was last at its maximum:
 *       X.at_peak[T] = record.epoch[T] == E[T] ? record.at_peak[T] : the current value of X
 * where E[T] is the final epoch of T, after settling: if live[T] > peak[T] at the end, the peak
 * is live[T] and every counter's value at it is its current one. An image that ended before
 * E[T] was set (end_epoch[T] < E[T], final settling included) held nothing at that peak.
 *
 * Versions. MWD_VERSION changes when an existing field moves or changes its meaning. New
 * segment kinds, log entry types, node kinds, flags and fields in reserved space do not need
 * it: a reader skips kinds it does not know and prints unknown node kinds as "kind N". Reserved
 * space is zero. Reader duties: treat every byte as hostile, salvage what a truncated file still
 * holds, and name what is missing. Byte order and word size are the machine's own (little
 * endian, 64 bit); the magic shows a foreign one. FORMAT.md draws the bytes and has a worked
 * example; tests/fixtures keeps one dump a version for ever.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MWD_FILE_NAME "run.mwd"
#define MWD_PAGE 4096u
#define MWD_CLAIM_ALIGN                                                                            \
	16384u /* claims begin and end at multiples of it: large folios can hold them */
#define MWD_VERSION 1u
/* "\211MWD\r\n\032\n": breaks visibly under text conversion and 7-bit transport. */
#define MWD_MAGIC_BYTES                                                                            \
	{                                                                                          \
		0x89, 'M', 'W', 'D', '\r', '\n', 0x1a, '\n'                                        \
	}
#define MWD_SEGMENT_MAGIC 0x5345474du /* "MGES" in the file, little endian */

/* The three totals whose maximum a counter is remembered at. */
enum mwd_peak {
	MWD_PEAK_PROCESS_HEAP = 0, /* live heap bytes of this image; epoch in the image */
	MWD_PEAK_TREE_HEAP = 1,	   /* live heap bytes of all images; epoch in the control page */
	MWD_PEAK_TREE_RSS = 2,	   /* RSS sum of the tree as sampled; epoch in the control page */
	MWD_N_PEAKS = 3,
};

/* What kind of memory a record counts. Every total is kept per class. */
enum mwd_class {
	MWD_CLASS_HEAP = 0, /* malloc family, operator new: requested bytes */
	MWD_CLASS_ANON = 1, /* anonymous mmap, brk/sbrk called by the program: bytes */
	MWD_CLASS_FILE = 2, /* file mappings made by the program: mapped bytes */
	MWD_N_CLASSES = 3,
};

/* mwd_control.options */
enum mwd_option {
	MWD_OPT_FREE_STACKS = 1u << 0,	/* frees are attributed to their own stack, too */
	MWD_OPT_LIBUNWIND = 1u << 1,	/* stacks by libunwind instead of our own rules */
	MWD_OPT_CHECK_UNWIND = 1u << 2, /* every check_every-th stack is compared with it */
	MWD_OPT_NO_STACKS = 1u << 3,	/* totals only; all is counted at MWD_MARKER_STACKS_OFF */
};

#define MWD_MAX_RULES 240u

/* A module's shared rules: a segment of kind RULES. Written once; offset last. */
struct mwd_rules_entry {
	uint64_t build_hash; /* of build ID and first page; 0 = free */
	uint64_t offset;     /* of the segment; 0 = being made */
};

/* The control page, its hot parts on cache lines of their own: totals of the whole job, shared by
 * all its processes and the launcher. */
struct mwd_control {
	uint8_t magic[8];
	uint32_t version;
	uint32_t control_bytes; /* MWD_PAGE, or up to MWD_CLAIM_ALIGN: where claims begin */
	uint8_t run_id[16];	/* random; tells runs apart when several are merged */
	int64_t start_realtime_ns;
	int64_t start_monotonic_ns; /* all other times are CLOCK_MONOTONIC */
	int32_t launcher_pid;
	uint32_t options; /* enum mwd_option */
	uint32_t max_frames;
	uint32_t check_every; /* see MWD_OPT_CHECK_UNWIND; 0 = 1 */

	/* Claims; written at process start and table growth only. */
	uint64_t next_offset;	/* first unclaimed byte; multiple of MWD_PAGE */
	uint64_t allocated_end; /* bytes that certainly have disk blocks */
	uint64_t images_head;	/* offset of the newest image segment, 0 = none */
	uint32_t n_images;
	uint32_t n_lost_images; /* processes that could not claim their first segments */
	/* Set by the launcher, never changed. */
	uint64_t sample_bytes;	   /* mean distance of two samples of heap allocations; 0 = all */
	uint64_t sample_seed;	   /* of the random numbers they are drawn with */
	uint32_t is_any_locked_in; /* a process of the run is in a sandbox: whoever comes by exec
				    * from it may be killed for writing by a system call */
	/* Processes may live in other pid namespaces than the launcher: each says which. Set by the
	 * first one that does, or by the launcher; never taken back. */
	uint32_t has_pid_namespaces;
	uint32_t pid_namespace; /* the launcher's: inode of /proc/self/ns/pid, 0 = unknown */
	uint32_t reserved1;

	/* The tree's heap: written by every image. */
	int64_t heap_live_bytes;
	int64_t heap_peak_bytes;
	int64_t heap_peak_ns;
	uint32_t heap_epoch; /* starts at 1 */
	/* rss_epoch once more, for the zone: one load reads both, on one cache line. */
	uint32_t rss_epoch_beside;
	uint64_t reserved3[4];

	/* The tree's RSS: written by the launcher's sampler. */
	int64_t rss_peak_bytes;
	int64_t rss_peak_ns;
	uint32_t rss_epoch; /* starts at 1 */
	uint32_t reserved4;
	uint64_t reserved5[5];

	/* Where processes share compiled unwind rules; of no interest to a reader. */
	struct mwd_rules_entry rules[MWD_MAX_RULES];
};

enum mwd_segment_kind {
	MWD_SEGMENT_IMAGE = 1,	 /* struct mwd_image, starting with this very header */
	MWD_SEGMENT_NODES = 2,	 /* header (64 bytes), then struct mwd_node[capacity] */
	MWD_SEGMENT_RECORDS = 3, /* header padded to 128 bytes, then struct mwd_record[capacity] */
	MWD_SEGMENT_RULES = 5,	 /* a page of header, then a cache of compiled unwind rules, private
				  * to one version of the zone; belongs to no image (0) */
	MWD_SEGMENT_LOG = 4,	 /* header (64 bytes), then struct mwd_log_entry, variable size */
};

struct mwd_segment {
	uint32_t magic; /* MWD_SEGMENT_MAGIC; written last, so present means complete header */
	uint16_t kind;	/* enum mwd_segment_kind */
	uint16_t header_bytes; /* offset of the first element */
	uint64_t bytes;	       /* whole segment, a multiple of MWD_PAGE */
	uint64_t image;	       /* file offset of the owning image's segment */
	uint32_t first_id;     /* id of element 0 (nodes, records) */
	uint32_t capacity;     /* elements that fit; unused ones are zero */
	uint32_t element_bytes;
	uint32_t owner; /* records: the thread block that writes them */
	uint64_t reserved[3];
};

/*
 * Stack tree. A stack is its innermost node; walk parent links to the outermost. Node id 0 is
 * "no stack": bytes at it are unattributed. Written once; kind is stored last (release), so
 * kind != 0 means complete.
 */
enum mwd_node_kind {
	MWD_NODE_NONE = 0,
	MWD_NODE_NATIVE = 1, /* module + value = address in the module's own address space (ELF
			      * p_vaddr). A return address (look up value - 1) unless EXACT. */
	MWD_NODE_JIT = 2,    /* value = absolute pc that belonged to no module */
	MWD_NODE_PYTHON = 3, /* module = 0, value = code id << 32 | instruction (later) */
	MWD_NODE_SOURCE = 4, /* generic source position (later) */
	MWD_NODE_MARKER = 5, /* value = enum mwd_marker; outermost, but for regions */
	MWD_NODE_REGION = 6, /* a region that was open in the thread (memwatch.h): outermost, or
			      * in another region. Its struct mwd_log_region names this node. */
};

enum mwd_node_flag {
	MWD_NODE_EXACT = 1u << 0,   /* value is the pc itself (interrupted by a signal) */
	MWD_NODE_GUESSED = 1u << 1, /* found by frame pointer, not by unwind tables */
};

enum mwd_marker {
	MWD_MARKER_TRUNCATED = 1, /* deeper than control.max_frames: outer frames missing */
	MWD_MARKER_STOPPED = 2,	  /* the unwinder could not go on: outer frames missing */
	/* Alone, as a whole stack: none was captured, because none was wanted. (In a region, the
	 * region's node alone says the same.) */
	MWD_MARKER_STACKS_OFF = 3,  /* MWD_OPT_NO_STACKS */
	MWD_MARKER_NOT_SAMPLED = 4, /* heap blocks passed over under control.sample_bytes */
};

struct mwd_node {
	uint32_t parent; /* node id of the caller, 0 = outermost */
	uint16_t module; /* module id of NATIVE */
	uint8_t kind;	 /* enum mwd_node_kind */
	uint8_t flags;	 /* enum mwd_node_flag */
	uint64_t value;
};

/*
 * A record counts what one thread block did at one (stack, class). Several records can name the
 * same (stack, class): one a thread block, and the reader adds them up.
 *
 *   born here, wherever it died:    live = allocated - freed         (bytes and blocks)
 *   freed_here: bytes whose free, munmap or realloc was called from this stack, whoever
 *               allocated them (kept under MWD_OPT_FREE_STACKS only)
 *
 * Cross-thread frees: `freed` stands in a record of the freeing thread's block with the
 * allocating stack's node, so one record alone can have allocated < freed; the sum cannot.
 */
struct mwd_record {
	/* hot */
	uint32_t node;	/* node id; 0 = unattributed */
	uint16_t class; /* enum mwd_class */
	uint8_t is_used;
	uint8_t size_class; /* of sampled blocks, see mwd_size_class(); 0 = not sampling */
	uint64_t allocated_bytes;
	uint64_t allocated_blocks;
	uint64_t freed_bytes;
	uint64_t freed_blocks;
	uint64_t max_total_bytes; /* highest live total (same class) of the image seen at this
				   * record's events */
	uint32_t epoch[MWD_N_PEAKS];
	uint32_t key; /* half of the hash that the zone knows the stack by; for itself */
	/* cold: live bytes and blocks as they were at each peak, see top of file */
	int64_t peak_bytes[MWD_N_PEAKS];
	int64_t peak_blocks[MWD_N_PEAKS];
	uint64_t freed_here_bytes;
	uint64_t freed_here_blocks;
};

/*
 * Sampling (control.sample_bytes = R). Heap allocations are laid end to end, each as long as its
 * size class; points fall on that line by a Poisson process, one in R bytes on average, for each
 * thread. A block that is hit is sampled:
 *
 *       P = 1 - exp(-mwd_size_class_bytes(size_class) / R),    taken as 1 from 20 R on
 *
 * Sampled blocks are counted, as ever with their requested bytes, in records of (stack, size
 * class); the others at the node of MWD_MARKER_NOT_SAMPLED. So sums of records are exact, and
 * every counter of a sampled record divided by P is an unbiased estimate for its stack. Frees are
 * attributed to their own stack for sampled blocks only, in records of the block's size class.
 */
#define MWD_MAX_SIZE_CLASS 148u /* 256 GiB, more than a block that is recorded can have */

/* Four classes for each power of two: 1 2 3 4 5 6 7 8 10 12 14 16 20 ... Class 1 has 0 bytes, too.
 */
static inline uint8_t mwd_size_class(uint64_t bytes)
{
	uint64_t below = bytes ? bytes - 1 : 0;
	if (below < 4)
		return (uint8_t)(below + 1);
	uint32_t shift = 61u - (uint32_t)__builtin_clzll(below);
	uint64_t size_class = 4 * shift + (below >> shift) + 1;
	return (uint8_t)(size_class < MWD_MAX_SIZE_CLASS ? size_class : MWD_MAX_SIZE_CLASS);
}

/* The largest block of a class. */
static inline uint64_t mwd_size_class_bytes(uint8_t size_class)
{
	if (size_class <= 4)
		return size_class;
	uint32_t shift = (size_class - 5u) / 4;
	return (uint64_t)(size_class - 4 * shift) << shift;
}

/* Log: what an image saw, in order. `bytes` covers the entry, padded to 8; a zero type or a
 * size that does not fit ends the log of that segment. */
enum mwd_log_type {
	MWD_LOG_MODULE = 1,
	MWD_LOG_EXEC = 2,
	MWD_LOG_REGION = 3,
	MWD_LOG_SPAN = 4,
	MWD_LOG_INSTANT = 5,
};

struct mwd_log_entry {
	uint32_t bytes; /* whole entry, multiple of 8 */
	uint32_t type;	/* stored last (release) */
};

/* A loaded ELF object (or the vdso). Module ids start at 1; 0 = no module. */
struct mwd_log_module {
	struct mwd_log_entry entry;
	uint32_t id;
	uint32_t build_id_bytes; /* 0 = the object has none; at most 32 */
	uint64_t bias;		 /* run-time address = ELF address + bias */
	uint64_t start, end;	 /* run-time range */
	uint8_t build_id[32];
	uint32_t path_bytes; /* without the NUL that follows */
	uint32_t page_hash; /* of its first page: tells apart who share a build ID; 0 = not known */
	char path[];	    /* absolute; "[vdso]" */
};

/* Why an exec'd program is not expected to be followed. */
enum mwd_verdict {
	MWD_VERDICT_FOLLOWED = 0,
	MWD_VERDICT_STATIC = 1,	      /* no dynamic loader */
	MWD_VERDICT_SETUID = 2,	      /* set-user-ID, set-group-ID or file capabilities */
	MWD_VERDICT_OTHER_CLASS = 3,  /* 32-bit or other machine */
	MWD_VERDICT_OTHER_LOADER = 4, /* not this libc's dynamic loader (musl, ...) */
	MWD_VERDICT_SANITIZER = 5,    /* built with a sanitizer that must come first */
	MWD_VERDICT_UNKNOWN = 6,      /* not an ELF file we can read */
	MWD_VERDICT_OUT_OF_REACH = 7, /* the shim's path leads nowhere: chroot, mount name space */
};

/* An exec or spawn as the image called it, logged before the call. */
struct mwd_log_exec {
	struct mwd_log_entry entry;
	int64_t time_ns;
	int32_t pid;	     /* the pid that became (or would have become) it; 0 = not known yet */
	int32_t error;	     /* errno if the call returned with an error, else 0 */
	uint32_t verdict;    /* enum mwd_verdict */
	uint32_t path_bytes; /* without the NUL that follows */
	char path[];
};

/*
 * A region that the program marked by memwatch_begin() and memwatch_end(): sums over all its
 * instances, of all threads, changed in place by atomic operations. An instance is one pair of
 * calls in one thread. Two entries may have the same parent and name.
 *
 *   instances still open (or abandoned by exec, fork's child, death of a thread) = begun - ended
 *   peak of an instance: the image's highest live heap seen while it ran, at the thread's own
 *                        events, at its begin and end, and at the image's peak if that rose
 */
struct mwd_log_region {
	struct mwd_log_entry entry;
	uint32_t node;	     /* of kind REGION; its parent is the outer region's; 0 = none, no space
			      */
	uint32_t name_bytes; /* without the NUL that follows */
	uint64_t n_begun, n_ended;
	int64_t first_start_ns;
	/* Of those that ended. */
	int64_t elapsed_sum_ns, elapsed_max_ns;
	int64_t peak_sum_bytes, peak_max_bytes;
	char name[];
};

/* An instance of a region, logged at its end; only the first MWD_MAX_SPANS of an image. */
struct mwd_log_span {
	struct mwd_log_entry entry;
	uint32_t node;	/* the region's */
	uint32_t depth; /* regions around it */
	int64_t start_ns, end_ns;
	int64_t start_bytes, end_bytes; /* the image's live heap */
	int64_t peak_bytes;
	int32_t tid;
	uint32_t reserved;
};

/* A moment that the program marked by memwatch_instant(); the first MWD_MAX_INSTANTS only. */
struct mwd_log_instant {
	struct mwd_log_entry entry;
	int64_t time_ns;
	int64_t live_bytes; /* the image's heap */
	int32_t tid;
	uint32_t name_bytes; /* without the NUL that follows */
	char name[];
};

#define MWD_REGION_NAME_BYTES 255u /* longer names are cut */
#define MWD_MAX_SPANS 1024u
#define MWD_MAX_INSTANTS 1024u

enum mwd_end {
	MWD_END_NONE = 0,      /* still running, or died without telling (SIGKILL, ...) */
	MWD_END_EXIT = 1,      /* exit() or return from main */
	MWD_END_IMMEDIATE = 2, /* _exit, _Exit */
	MWD_END_QUICK = 3,     /* quick_exit */
	MWD_END_EXEC = 4,      /* replaced by a successful exec (next image of the same pid) */
	MWD_END_KILLED = 5,    /* found dead by the launcher */
};

enum mwd_lost {
	MWD_LOST_NESTED_EVENTS = 0, /* events inside our own accounting (signal handlers) */
	MWD_LOST_NO_RECORD = 2,	    /* events counted as unattributed: no space for a record */
	MWD_LOST_NO_NODE = 3,	    /* stacks counted as unattributed: no space for a node */
	MWD_LOST_NO_SLOT = 4,	    /* blocks not kept in the live table: their free is missed */
	MWD_LOST_MAPPING_BUSY = 5,  /* mapping events skipped: table busy */
	MWD_LOST_EXEC_LOG = 6,	    /* execs not logged: no space */
	MWD_LOST_MODULES = 7,	    /* modules not logged: ids or space exhausted */
	MWD_LOST_REGIONS = 8,	    /* regions not followed: too many names, too deep, no space */
	MWD_N_LOST = 16,
};

enum mwd_image_flag {
	MWD_IMAGE_FORKED = 1u << 0,	  /* began by fork; parent_image is set */
	MWD_IMAGE_OWN_MALLOC = 1u << 1,	  /* the executable brings its own malloc: not seen */
	MWD_IMAGE_CMDLINE_CUT = 1u << 2,  /* cmdline did not fit */
	MWD_IMAGE_OTHER_MALLOC = 1u << 3, /* malloc is a preloaded or linked library, not libc */
	MWD_IMAGE_SANDBOXED = 1u << 4, /* locked itself in: no new tables, no end told by _exit */
};

#define MWD_EXE_BYTES 512u
#define MWD_CMDLINE_BYTES 1536u

struct mwd_image_total {
	int64_t live_bytes;
	int64_t peak_bytes; /* highest live; settle with live at the end */
};

/* What the kernel counted for the process, all its threads, since its fork: an image that came by
 * exec continues the counts of the one before. */
struct mwd_usage {
	int64_t cpu_user_ns, cpu_system_ns;
	uint64_t minor_faults, major_faults;
	uint64_t voluntary_switches, involuntary_switches;
	uint64_t read_bytes, written_bytes; /* of devices, in steps of 512 */
};

/* One process image: one pid from exec (or fork) to exec or end. Exactly one page. */
struct mwd_image {
	struct mwd_segment segment;
	uint64_t prev_image;   /* list from control.images_head */
	uint64_t parent_image; /* FORKED: the image it was forked from; else 0 */
	uint32_t node_base, record_base, module_base; /* FORKED: first ids of its own */
	uint32_t flags;				      /* enum mwd_image_flag */
	int32_t pid, ppid;			      /* at start, in its own pid namespace */
	int64_t start_ns, end_ns;		      /* end_ns 0 = not told */
	uint32_t end;				      /* enum mwd_end; stored after end_* */
	int32_t end_status;			      /* argument of exit, where known */
	uint32_t end_epoch[MWD_N_PEAKS]; /* epochs when its live bytes left the totals; 0 = not
					  * ended. [PROCESS_HEAP] unused. */
	uint32_t heap_epoch;		 /* of MWD_PEAK_PROCESS_HEAP; starts at 1 */
	int64_t heap_peak_ns;
	int64_t tree_contribution_bytes; /* what control.heap_live_bytes holds of this image */
	uint64_t vm_hwm_bytes;		 /* exact RSS peak, read from inside at the end */
	uint64_t own_private_bytes;	 /* our anonymous memory in this process */
	uint64_t own_shared_bytes;	 /* our segments of the dump */
	uint64_t inherited_freed_bytes;	 /* frees of blocks inherited over fork */
	uint64_t inherited_freed_blocks;
	uint64_t unknown_frees;		  /* frees of blocks we never saw */
	uint64_t n_checked, n_mismatched; /* stacks compared with libunwind's, and different */
	uint32_t n_threads;		  /* thread blocks */
	uint32_t cmdline_bytes;
	uint64_t lost[MWD_N_LOST]; /* enum mwd_lost */
	struct mwd_image_total total[MWD_N_CLASSES];
	struct mwd_usage usage; /* at the end; all zero = not told */
	uint64_t own_rss_bytes; /* at the end: what of our memory is in this process's RSS, our
				 * object and what is touched of own_private_ and own_shared_bytes;
				 * 0 = not told */
	uint64_t n_spans, n_instants; /* all of them, logged or not */
	uint64_t n_unbalanced_ends;   /* calls of memwatch_end() without a region to end */
	uint32_t pid_namespace; /* that pid and ppid are of, as in the control page; 0 = not asked,
				 * so the launcher's, or not known */
	uint32_t reserved0;
	uint8_t reserved[MWD_PAGE - 64 - 8 * 2 - 4 * 4 - 4 * 2 - 8 * 2 - 4 * 2 - 4 * 3 - 4 - 8 * 3 -
			 8 * 2 - 8 * 3 - 8 * 2 - 4 * 2 - 8 * MWD_N_LOST - 16 * MWD_N_CLASSES -
			 8 * 8 - 8 - 8 * 3 - 8 - MWD_EXE_BYTES - MWD_CMDLINE_BYTES];
	char exe[MWD_EXE_BYTES];	 /* NUL terminated, cut if need be */
	char cmdline[MWD_CMDLINE_BYTES]; /* argv, NUL separated */
};

_Static_assert(sizeof(struct mwd_control) == MWD_PAGE, "control fits its page");
_Static_assert(offsetof(struct mwd_control, next_offset) == 64, "claims line");
_Static_assert(offsetof(struct mwd_control, heap_live_bytes) == 128, "heap line");
_Static_assert(offsetof(struct mwd_control, rss_peak_bytes) == 192, "rss line");
_Static_assert(offsetof(struct mwd_control, heap_epoch) % 8 == 0, "epochs in one word");
_Static_assert(sizeof(struct mwd_segment) == 64, "segment header");
_Static_assert(sizeof(struct mwd_node) == 16, "node");
_Static_assert(sizeof(struct mwd_record) == 128, "record");
_Static_assert(offsetof(struct mwd_record, peak_bytes) == 64, "hot half of a record");
_Static_assert(sizeof(struct mwd_log_module) == 80, "module entry");
_Static_assert(sizeof(struct mwd_log_exec) == 32, "exec entry");
_Static_assert(sizeof(struct mwd_log_region) == 72, "region entry");
_Static_assert(sizeof(struct mwd_log_span) == 64, "span entry");
_Static_assert(sizeof(struct mwd_log_instant) == 32, "instant entry");
_Static_assert(offsetof(struct mwd_image, exe) == 2048, "nothing moves in an image");
_Static_assert(sizeof(struct mwd_image) == MWD_PAGE, "image");
