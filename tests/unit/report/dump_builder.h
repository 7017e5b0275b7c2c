/* SPDX: no licence chosen yet, see README */
/*
 * dump_builder.h - lays out a legal run.mwd in memory, as the zone would write it, so that tests
 * of report/ know every number. Test code: out of memory and misuse abort.
 *
 * Each call claims segments of its own. The bytes are one mapping with an unreadable page behind
 * it: a reader that goes one byte too far dies.
 */
#pragma once

#include "preload/format.h"
#include "report/model/profile.h"

struct mw_build {
	uint8_t *bytes;
	uint64_t n_bytes; /* multiple of MWD_PAGE */
};

void mw_build_start(struct mw_build *build, uint32_t options);
void mw_build_free(struct mw_build *build);

struct mwd_control *mw_build_control(struct mw_build *build);

/** mw_build_image() - a new image; its file offset. @cmdline: words divided by blanks. */
uint64_t mw_build_image(struct mw_build *build, int pid, int ppid, const char *cmdline);

/** mw_build_fork() - an image forked from @parent that goes on with ids from @node_base. */
uint64_t mw_build_fork(
	struct mw_build *build, uint64_t parent, int pid, uint32_t node_base, uint32_t module_base);

/** mw_build_head() - an image's page; valid until the next call that claims. */
struct mwd_image *mw_build_head(struct mw_build *build, uint64_t image);

/** mw_build_module() - a module entry; @build_id_byte 0 = it has none, else 20 bytes of it. */
void mw_build_module(struct mw_build *build, uint64_t image, uint32_t id, uint8_t build_id_byte,
	const char *path);

void mw_build_exec(struct mw_build *build, uint64_t image, int pid, int64_t time_ns,
	uint32_t verdict, int error, const char *path);

/** mw_build_nodes() - native nodes first_id, first_id + 1, ...: parents, module and values. */
struct mw_build_node {
	uint32_t parent;
	uint16_t module;
	uint64_t value;
	uint8_t kind; /* 0 = MWD_NODE_NATIVE */
};
void mw_build_nodes(struct mw_build *build, uint64_t image, uint32_t first_id,
	const struct mw_build_node *nodes, uint32_t n);

void mw_build_records(
	struct mw_build *build, uint64_t image, const struct mwd_record *records, uint32_t n);

/** mw_build_run() - a copy of the bytes as an opened run; @n_bytes of them, 0 = all. */
int mw_build_run(const struct mw_build *build, uint64_t n_bytes, struct mw_run *run_out,
	struct mw_diag *diag);

/** mw_build_profile() - merged, resolved and aggregated; aborts when that fails. */
void mw_build_profile(struct mw_profile *profile, struct mw_build *const *builds, size_t n);

/** mw_build_big() - one of everything: forks, execs, threads, markers, damage-worthy parts. */
void mw_build_big(struct mw_build *build);
