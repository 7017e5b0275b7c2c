/* SPDX: no licence chosen yet, see README */
/*
 * job.h - the run as a sampler of processes would tell it: memwatch's words, for the layouts of
 * render/memwatch_*.c, render/mprof.c and the JSON. After processes.h; before render/.
 *
 * A process here is one program in one process, so a chain of execs is several; each with its
 * own peak. A forked child that soon became another program is no program of its own before
 * that: its RSS was its parent's pages, and counts as 0 here.
 * Several runs are one job: sizes and counts add up, times span all of them.
 */
#pragma once

#include "report/model/filter.h"
#include "report/model/processes.h"

struct mw_job_process {
	uint32_t row_idx; /* of mw_processes.rows */
	pid_t pid, ppid;
	char *command; /* owned; the whole command line, words divided by blanks, on one line */
	int64_t first_seen_ns, last_seen_ns; /* since 1970 */
	int64_t peak_ns;		     /* when it was largest, as far as samples tell */
	int64_t at_tree_peak_bytes;	     /* its heap when the tree's was highest */
	int64_t max_rss_kib;		     /* 0 also where it is not known */
	bool is_hidden;			     /* by the filter */
	bool is_prelude;		     /* what a child is between fork and exec */
};

struct mw_job {
	MW_ARRAY(struct mw_job_process) processes; /* largest first */
	uint32_t *places;			   /* owned; row -> its index in processes */
	int64_t start_ns, end_ns;		   /* since 1970 */
	double duration_seconds;
	int64_t max_total_rss_kib; /* of processes at the same time */
	int64_t n_samples;
	double interval_ms;
	int exit_status; /* -1: none, it was killed by a signal or is not known */
	bool is_filtered;
	const struct mw_filter *filter; /* borrowed */
	size_t n_hidden;
	int64_t hidden_kib; /* sum of their max_rss_kib */
	size_t n_given_up;  /* command lines a pattern was too costly for; they are shown */
};

/** mw_job_build() - 0 or -ENOMEM; deinit in every case. */
int mw_job_build(const struct mw_profile *profile, const struct mw_processes *processes,
	const struct mw_filter *filter, struct mw_job *job_out);
void mw_job_deinit(struct mw_job *job);

/** mw_job_filter() - set is_hidden and count; preludes and their like are hidden anyway. */
void mw_job_filter(struct mw_job *job, const struct mw_filter *filter);

/** mw_job_is_listed() - has it a row in the tables? Not what is hidden or held nothing. */
bool mw_job_is_listed(const struct mw_job_process *process);

/** mw_job_run_start_ns() - since 1970. */
int64_t mw_job_run_start_ns(const struct mw_run *run);

struct mw_job_group {
	const char *name; /* borrowed from a process's command; n_name bytes */
	size_t n_name;
	size_t n_processes;
	int64_t total_kib; /* sum of peaks, which need not have been at one time */
	int64_t at_tree_peak_bytes;
};

/**
 * mw_job_groups() - the listed processes by the base name of their command, largest total first
 * @groups_out: owned by the caller
 * Return: 0 or -ENOMEM.
 */
int mw_job_groups(const struct mw_job *job, struct mw_job_group **groups_out, size_t *n_out);
