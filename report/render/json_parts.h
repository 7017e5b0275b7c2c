/* SPDX: no licence chosen yet, see README */
/*
 * json_parts.h - the JSON report's members, each written by a function of its own; keys are in
 * alphabetical order. report/report.schema.json is their contract. Indices in it are those of the
 * arrays it holds itself.
 */
#pragma once

#include "report/render/view.h"
#include "report/util/json.h"

/* memwatch's members. Return: 0 or -ENOMEM. */
void mw_json_job_begin(struct mw_json_writer *writer, const struct mw_view *view);
int mw_json_job_times(struct mw_json_writer *writer, const struct mw_view *view);

/* Ours. Return: 0 or -ENOMEM. */
void mw_json_functions(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_lines(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_losses(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_marks(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_modules(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_not_followed(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_overhead(struct mw_json_writer *writer, const struct mw_view *view);
int mw_json_processes(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_runs(struct mw_json_writer *writer, const struct mw_view *view);
int mw_json_sites(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_spans(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_stacks(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_tasks(struct mw_json_writer *writer, const struct mw_view *view);
void mw_json_totals(struct mw_json_writer *writer, const struct mw_view *view);
int mw_json_waste(struct mw_json_writer *writer, const struct mw_view *view);

/* What the launcher measured, as members of the same name as in run.json, or nothing. */
void mw_json_limits(struct mw_json_writer *writer, const struct mw_run_info *info);
void mw_json_sampler(struct mw_json_writer *writer, const struct mw_run_info *info);
void mw_json_system(struct mw_json_writer *writer, const struct mw_run_info *info);
void mw_json_tree(struct mw_json_writer *writer, const struct mw_run_info *info, size_t n_unseen);

/** mw_json_made_of() - what a process's RSS was made of, if that was read; @process may be NULL */
void mw_json_made_of(struct mw_json_writer *writer, const struct mw_run_process *process);

/** mw_json_measured() - the rest the launcher measured of a process */
void mw_json_measured(struct mw_json_writer *writer, const struct mw_run_process *process);

/** mw_json_class_name() - "heap", "anon", "file". */
const char *mw_json_class_name(unsigned class);

/** mw_json_counters() - the columns of columns.h as one object. */
void mw_json_counters(struct mw_json_writer *writer, const char *key, const struct mw_sums *sums);

/** mw_json_classes() - {"heap": counters, ...}, classes without events left out. */
void mw_json_classes(struct mw_json_writer *writer, const char *key,
	const struct mw_sums sums[static MWD_N_CLASSES]);

/** mw_json_time() - seconds since the run's start; null for 0, a time that was never set. */
void mw_json_time(struct mw_json_writer *writer, const char *key, const struct mwd_control *control,
	int64_t at_ns);

/** mw_json_index() - an index, or null for MW_NONE. */
void mw_json_index(struct mw_json_writer *writer, const char *key, uint32_t index);

/** mw_json_real_or_null(), mw_json_int_or_null() - null for what is negative: not known. */
void mw_json_real_or_null(struct mw_json_writer *writer, const char *key, double value);
void mw_json_int_or_null(struct mw_json_writer *writer, const char *key, int64_t value);
