/* SPDX: no licence chosen yet, see README */
/*
 * run.h - a run directory opened: run.mwd mapped read-only and parsed, run.json read as far as
 * it is there. The only file of ingest/ that touches the file system.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "report/ingest/dump.h"
#include "report/ingest/marks.h"
#include "report/ingest/samples.h"
#include "report/util/json.h"

/* One program in one process as the launcher saw it; -1 and NULL where it did not say. */
struct mw_run_process {
	pid_t pid, ppid;	/* as seen from outside; see mw_run_nameless_pid() */
	uint32_t pid_namespace; /* it lived in another one than the launcher, where it was */
	pid_t inner_pid;	/* this. 0, 0 = in the launcher's */
	int exec_generation;	/* programs the process ran before this one */
	int64_t image_offset;	/* of its image in the dump */
	double first_seen_seconds, last_seen_seconds; /* since the run's start */
	double peak_seconds;			      /* when it was largest */
	int64_t max_rss_bytes;
	int64_t rss_at_tree_peak_bytes;
	int exit_status, term_signal;
	const char *command;	      /* borrowed from the document */
	const struct mw_json *source; /* the element itself, for what else it says */
};

/* What run.json says; every member may be missing (NULL, -1) if the launcher was killed. */
struct mw_run_info {
	const struct mw_json *words; /* the command's, an array; borrowed from the document */
	char *command; /* owned; words joined by blanks, cleaned for a terminal; NULL = unknown */
	const char *cwd, *host, *version, *start_time; /* borrowed from the document */
	bool has_ended;
	double duration_seconds, interval_ms;
	int exit_status, term_signal;
	pid_t root_pid;
	uint32_t root_verdict; /* enum mwd_verdict of the command itself */
	int64_t rss_peak_bytes;
	double rss_peak_seconds, n_rss_samples;
	MW_ARRAY(struct mw_run_process) processes;
	/* Those in other pid namespaces, by namespace, inner pid and time; owned, of pointers into
	 * processes. */
	const struct mw_run_process **inside;
	size_t n_inside;
	struct mw_json *document; /* owned */
};

struct mw_run {
	char *directory;      /* owned; as the user named it */
	struct mw_span bytes; /* the mapping of run.mwd */
	uid_t owner;	      /* of run.mwd */
	struct mw_dump dump;
	struct mw_run_info info;
	const char *info_problem; /* why info is not complete, NULL = it is */
};

/**
 * mw_run_open() - open DIR (or a run.mwd itself)
 * @diag: "<file>: <what>" when the result is not 0
 * Return: 0, negative errno. close in every case.
 */
int mw_run_open(const char *directory, struct mw_run *run_out, struct mw_diag *diag);

void mw_run_close(struct mw_run *run);

/* As a process's namespace: another than the launcher's, nobody knows which. */
#define MW_RUN_UNKNOWN_NAMESPACE 1u

/**
 * mw_run_nameless_pid() - stands for the pid of a process in another pid namespace, of which only
 * its pid in there is known
 * Return: below -1.
 */
pid_t mw_run_nameless_pid(uint32_t pid_namespace, pid_t inner_pid);

/**
 * mw_run_outer_pid() - the pid, as seen from outside, of who was @inner_pid in @pid_namespace
 * @at_seconds: when, or just before; since the run's start
 * Return: mw_run_nameless_pid() if nobody knows.
 */
pid_t mw_run_outer_pid(
	const struct mw_run_info *info, uint32_t pid_namespace, pid_t inner_pid, double at_seconds);

enum mw_run_table {
	MW_RUN_TREE_SAMPLES,	/* samples.csv */
	MW_RUN_PROCESS_SAMPLES, /* process_samples.csv */
};

/**
 * mw_run_read_samples() - one of the launcher's tables
 * @samples_out: without rows if there is no such file; deinit in every case
 * Return: 0 or -ENOMEM.
 */
int mw_run_read_samples(
	const struct mw_run *run, enum mw_run_table table, struct mw_samples *samples_out);

/** mw_run_read_marks() - what shell scripts marked; empty if nothing; 0 or -ENOMEM; deinit in
 * every case. */
int mw_run_read_marks(const struct mw_run *run, struct mw_marks *marks_out);

/** mw_run_is_shim() - is this object our own preloaded library? By its name. */
bool mw_run_is_shim(const char *path);

/* The reason below that is no fault of the file; compare the pointers. */
extern const char mw_run_info_no_memory[];

/**
 * mw_run_info_parse() - run.json from bytes; pure, for tests and the fuzzer
 * Return: NULL, or why it is of no or limited use (static text). deinit in every case.
 */
const char *mw_run_info_parse(const char *text, size_t n_bytes, struct mw_run_info *info_out);
void mw_run_info_deinit(struct mw_run_info *info);
