/* SPDX: no licence chosen yet, see README */
/*
 * marks.h - marks.csv: what `memwatch-preload mark` wrote from the job's shell scripts, a line a
 * call, and the regions they make up.
 *
 *     time_ns,pid,ppid,[pid namespace,]begin|end|instant,name up to the end of the line
 *
 * The namespace is that of both pids where it is not the launcher's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/util/array.h"

struct mw_mark {
	char *name;		/* points into the text; safe for a terminal */
	int32_t ppid;		/* the shell that made it; 0 = not known outside */
	uint32_t pid_namespace; /* that it is of; 0 = the launcher's */
	bool is_instant;
	bool is_open;		  /* begun, not ended: ends with the run */
	int64_t start_ns, end_ns; /* CLOCK_MONOTONIC; of an instant the same; 0 = open */
};

struct mw_marks {
	char *text;			/* owned */
	MW_ARRAY(struct mw_mark) items; /* in order of their beginnings in the file */
	size_t n_unbalanced;		/* ends without begin */
	size_t n_bad_lines;
};

/**
 * mw_marks_parse() - bytes of a marks.csv; pure
 * @text: @n_bytes and room for one more; owned by the marks from here on; NULL = no file
 *
 * An end closes the latest open region of its name that the same shell began, else the latest of
 * that name. Return: 0 or -ENOMEM. deinit in every case.
 */
int mw_marks_parse(char *text, size_t n_bytes, struct mw_marks *marks_out);
void mw_marks_deinit(struct mw_marks *marks);
