/* SPDX: no licence chosen yet, see README */
/*
 * profiling_file.h - COMPSS_PROFILING_FILE: where PyCOMPSs has its @profile decorator append what
 * it would print. Many processes of a job name the same file.
 */
#pragma once

#include "report/commands/outputs.h"

/**
 * mw_profiling_file_append() - the `@profile` tables, or the lines of tasks, if the variable is set
 * @text: how to print; its stream is not used
 *
 * One write() of all of it with O_APPEND, so that what others append does not mix with it.
 * Return: 0, or negative errno, complained of.
 */
int mw_profiling_file_append(const struct mw_report_run *run, struct mw_text text);
