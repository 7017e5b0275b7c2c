/* SPDX: no licence chosen yet, see README */
/*
 * processes.h - the process table: images, what the launcher saw, and what images logged to have
 * started, put together and in tree order. One row a program in a process, followed (then it has
 * an image) or not; an exec chain is consecutive rows of one pid.
 */
#pragma once

#include "report/model/profile.h"

/* Beside enum mwd_verdict: no start of it was logged, the launcher alone saw the process. */
#define MW_VERDICT_UNSEEN UINT32_MAX

enum mw_process_end {
	MW_PROCESS_RUNNING,  /* and the run had not ended */
	MW_PROCESS_EXITED,   /* end_value = status, -1 unknown */
	MW_PROCESS_SIGNALED, /* end_value = signal */
	MW_PROCESS_EXECED,   /* replaced by the next row */
	MW_PROCESS_KILLED,   /* found dead, nothing known of how */
	MW_PROCESS_LOST,     /* run is over and nobody saw it end */
};

struct mw_process_row {
	uint32_t run_idx;
	uint32_t image_idx;		   /* MW_NONE = no image: not followed */
	const struct mw_run_process *seen; /* the launcher's view, NULL = none; borrowed */
	uint32_t parent;		   /* row index, lower than this one; MW_NONE = top */
	uint32_t previous;		   /* row this one replaced by exec, MW_NONE = none */
	bool is_replaced;		   /* an exec'd image follows */
	bool is_silent; /* forked child without any record; not shown on a row of its own */
	bool is_copy;	/* without image, but no program of its own: forked of a followed one, and
			 * nothing happened in it */
	bool is_exec_known; /* its start was logged by its own process, so it replaced a row */
	uint32_t program, verdict;  /* without image: string id, and why it has none */
	pid_t pid;		    /* 0 = not known */
	pid_t ppid;		    /* of its parent at its beginning, -1 unknown */
	int64_t start_ns;	    /* CLOCK_MONOTONIC */
	int64_t end_ns;		    /* as its image told; 0 = not. Its start, if nobody saw it */
	int64_t heap_peak_bytes;    /* exact */
	int64_t rss_peak_bytes;	    /* -1 = unknown */
	bool is_rss_exact;	    /* the kernel's own maximum; else the sampler's */
	int64_t at_tree_peak_bytes; /* own heap bytes at the tree's heap peak */
	enum mw_process_end end;
	int end_value;
};

struct mw_processes {
	MW_ARRAY(struct mw_process_row) rows; /* by run and start */
	uint32_t *order;		      /* owned; row indices, parents before children */
	size_t n_nameless;		      /* with pid 0: known in another pid namespace only */
	size_t n_silent;		      /* rows with is_silent that no exec followed */
	uint64_t n_followed_starts;	      /* logged starts that led to an image */
};

/** mw_processes_build() - 0 or -ENOMEM; deinit in every case. */
int mw_processes_build(struct mw_profile *profile, struct mw_processes *processes);
void mw_processes_deinit(struct mw_processes *processes);

/** mw_processes_is_unfollowed() - a program that left no image. */
bool mw_processes_is_unfollowed(const struct mw_process_row *row);

/** mw_processes_count_unseen() - of a run: programs whose memory nobody saw. */
size_t mw_processes_count_unseen(const struct mw_processes *processes, size_t run_idx);

/** mw_processes_count_unfollowed() - how many of them. */
size_t mw_processes_count_unfollowed(const struct mw_processes *processes);

/** mw_processes_unfollowed_command() - words of a row without image, as far as they are known. */
const char *mw_processes_unfollowed_command(
	const struct mw_profile *profile, const struct mw_process_row *row);

/**
 * mw_processes_command() - base name of the program and its arguments, safe for a terminal
 * Return: @out.
 */
const char *mw_processes_command(const struct mw_profile *profile, const struct mw_process_row *row,
	char *out, size_t out_bytes);

/**
 * mw_processes_whole_command() - the command line as it was, its words divided by blanks
 * Return: owned by the caller, without line feeds; NULL without memory.
 */
char *mw_processes_whole_command(
	const struct mw_profile *profile, const struct mw_process_row *row);
