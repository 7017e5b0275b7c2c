/* SPDX: no licence chosen yet, see README */
/*
 * mark.h - `memwatch-preload mark begin|end|instant NAME`: a region, or a moment, of the run that a
 * shell script of the job marks. Hosted; a process of its own, beside all others.
 */
#pragma once

#include "preload/launch/failure.h"

/**
 * mw_mark_run() - append a line to the run's marks.csv (report/ingest/marks.h has its columns)
 * @argv: from "mark" on, @argc words
 *
 * One write() with O_APPEND: lines of scripts that run at the same time do not mix.
 * Return: MW_EXIT_OK; MW_EXIT_USAGE for wrong words and outside a run; MW_EXIT_OWN_FAILURE if it
 * cannot be written. @failure_out: on failure, one line.
 */
int mw_mark_run(int argc, char **argv, struct mw_failure *failure_out);
