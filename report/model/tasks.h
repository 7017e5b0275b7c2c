/* SPDX: no licence chosen yet, see README */
/*
 * tasks.h - what a run was doing, in rows that compare: regions that programs marked, regions that
 * shell scripts marked, and, where a pattern asks for them, functions and programs. After the
 * model, before render/.
 *
 * Two honest meanings of "the memory of a task" (DESIGN 7), both here: its peak, the highest live
 * heap while it ran (of one process; of the tree for marks of a shell script), and its own bytes
 * at the tree's peak.
 */
#pragma once

#include "report/model/processes.h"
#include "report/model/profile.h"
#include "report/util/regex.h"

enum mw_task_kind {
	MW_TASK_REGION,	  /* marked in code */
	MW_TASK_MARK,	  /* marked by a shell script: of the tree, as it was sampled */
	MW_TASK_FUNCTION, /* while it was on a stack */
	MW_TASK_PROCESS,  /* all processes of one program */
	MW_TASK_N_KINDS,
};

/* Names as in the JSON. */
extern const char *const mw_task_kind_names[MW_TASK_N_KINDS];

#define MW_TASK_UNKNOWN (-1)

struct mw_task {
	enum mw_task_kind kind;
	uint32_t idx;	  /* region, function; else MW_NONE */
	const char *name; /* borrowed */
	int64_t count;	  /* instances; UNKNOWN of functions */
	int64_t n_unfinished;
	int64_t n_processes;
	/* UNKNOWN where they are. Mean and maximum over the instances. */
	int64_t peak_bytes, mean_peak_bytes;
	int64_t rss_peak_bytes;
	int64_t first_start_ns;		    /* since the run's start */
	int64_t elapsed_ns, elapsed_max_ns; /* sum and longest */
	bool has_sums;
	struct mw_sums sums[MWD_N_CLASSES];
};

struct mw_task_mark {
	uint32_t run_idx;
	const struct mw_mark *mark;	    /* borrowed */
	int64_t end_ns;			    /* of an open one the run's */
	int64_t peak_bytes, rss_peak_bytes; /* MW_TASK_UNKNOWN without samples in it */
};

struct mw_tasks {
	MW_ARRAY(struct mw_task) rows;	     /* by peak, largest first */
	MW_ARRAY(struct mw_marks) files;     /* by run */
	MW_ARRAY(struct mw_task_mark) marks; /* all, instants, too */
	size_t n_unbalanced;		     /* ends without begin, in code and in scripts */
};

/**
 * mw_tasks_build() - all regions and marks; with @pattern only those that match, and functions and
 * programs that do. Return: 0 or -ENOMEM. deinit in every case.
 */
int mw_tasks_build(const struct mw_profile *profile, const struct mw_processes *processes,
	const struct mw_regex *pattern, struct mw_tasks *tasks_out);
void mw_tasks_deinit(struct mw_tasks *tasks);
