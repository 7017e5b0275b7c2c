/* SPDX: no licence chosen yet, see README */
/*
 * text.h - the text report: its parts, one small file each, and the few helpers they share.
 *
 * No part ever prints a line wider than text->width, but for source lines when has_exact_tables,
 * and line tables when is_wide.
 */
#pragma once

#include <stdio.h>

#include "report/render/view.h"
#include "report/util/format.h"

struct mw_text {
	FILE *out; /* borrowed */
	unsigned width;
	unsigned precision; /* decimals of MiB where the layout leaves it open */
	bool has_failed;    /* out of memory: a part is missing */
	bool has_color;
	bool has_exact_tables; /* not on a terminal: source lines of @profile tables stay whole */
	bool is_wide;	       /* more columns in @profile tables */
	bool has_whole_items;  /* items and captions are a line each, however wide */
	const char *job_name;  /* in lines of tasks; NULL = "master" */
};

/** mw_text_render() - the whole report. */
void mw_text_render(struct mw_text *text, const struct mw_view *view);

/* Its parts, in the report's order. */
void mw_text_summary(struct mw_text *text, const struct mw_view *view);
void mw_text_processes(struct mw_text *text, const struct mw_view *view);
void mw_text_programs(struct mw_text *text, const struct mw_view *view);
void mw_text_made_of(struct mw_text *text, const struct mw_view *view);
void mw_text_resources(struct mw_text *text, const struct mw_view *view);
void mw_text_lines(struct mw_text *text, const struct mw_view *view);
void mw_text_functions(struct mw_text *text, const struct mw_view *view);
void mw_text_tasks(struct mw_text *text, const struct mw_view *view);
void mw_text_profiles(struct mw_text *text, const struct mw_view *view);
void mw_text_totals(struct mw_text *text, const struct mw_view *view); /* instead of the three */
void mw_text_waste(struct mw_text *text, const struct mw_view *view);
void mw_text_tail(struct mw_text *text, const struct mw_view *view);

/** mw_text_leaks() - --leaks: what the report has of leaks and waste, whole, with stacks. */
void mw_text_leaks(struct mw_text *text, const struct mw_view *view);

/** mw_callers_render() - --callers: each function whose name matches between its callers and
 * callees.
 */
void mw_callers_render(
	struct mw_text *text, const struct mw_view *view, const struct mw_regex *regex);
/** mw_text_annotate() - view->annotated_file, whole, with its lines' numbers. */
void mw_text_annotate(struct mw_text *text, const struct mw_view *view);

/** mw_text_profile_tables() - the `@profile` tables alone. Return: how many. */
size_t mw_text_profile_tables(struct mw_text *text, const struct mw_view *view);

/**
 * mw_task_lines_render() - a line a task, as COMPSs writes them
 * @is_new: "start job file function elapsed initial final peak MiB", a line an instance as far as
 *          they were kept; else "file function peak MiB", a line a task
 *
 * Times in seconds since 1970 and of elapsed time, sizes in bytes but for the peak; "nan" is what
 * is not known. Without tasks the functions' peaks.
 */
void mw_task_lines_render(struct mw_text *text, const struct mw_view *view, bool is_new);

/** mw_peak_lines_render() - --full-report=no: "file function 312.6 MiB", a line a function. */
void mw_peak_lines_render(struct mw_text *text, const struct mw_view *view);

/** mw_text_difference() - the tree's own peak against the records' sum at it, if they differ. */
void mw_text_difference(struct mw_text *text, const struct mw_profile *profile);

/** mw_text_rss_peak() - the lines of the tree's RSS and PSS in the summary.
 * @n_unseen: programs whose memory nobody saw */
void mw_text_rss_peak(struct mw_text *text, const struct mw_run *run, size_t n_unseen);

/* Helpers (text.c). */

/** mw_text_heading() - a blank line, then the title in bold. */
void mw_text_heading(struct mw_text *text, const char *title);

/** mw_text_caption() - one dim line that explains, wrapped at blanks. printf-like. */
__attribute__((format(printf, 2, 3))) void mw_text_caption(
	struct mw_text *text, const char *format, ...);

/** mw_text_item() - an indented line, continuation lines indented further. printf-like. */
__attribute__((format(printf, 2, 3))) void mw_text_item(
	struct mw_text *text, const char *format, ...);

/* One of mw_format_ellipsize(), mw_format_cut(), mw_format_path(). */
typedef const char *mw_text_fit(const char *text, size_t n_columns, char *out, size_t out_bytes);

/** mw_text_cell() - left-aligned, made to fit, padded to @columns. */
void mw_text_cell(struct mw_text *text, const char *content, unsigned columns, mw_text_fit *fit);

/** mw_text_last_cell() - as above without padding; ends the line. */
void mw_text_last_cell(
	struct mw_text *text, const char *content, unsigned columns, mw_text_fit *fit);

/** mw_text_whole() - any name, however long; ends the line. */
void mw_text_whole(struct mw_text *text, const char *content);

/** mw_text_line_name() - a line's function as a cell; "cc1+0x1234" where it has no symbol. */
void mw_text_line_name(struct mw_text *text, const struct mw_profile *profile,
	const struct mw_line *line, unsigned columns);

/** mw_text_size() - right-aligned size in 10 columns. */
void mw_text_size(struct mw_text *text, int64_t bytes);

/** mw_text_place() - "file:line", "file" or the module's path; returns @out. */
const char *mw_text_place(const struct mw_profile *profile, const struct mw_function *function,
	uint32_t line, char *out, size_t out_bytes);

/** mw_text_process_end() - "exit 0", "SIGKILL", "exec"; returns @out. */
const char *mw_text_process_end(const struct mw_process_row *row, char *out, size_t out_bytes);

/** mw_text_is_asked() - were functions asked for, by --function or --module? */
bool mw_text_is_asked(const struct mw_view *view);

/** mw_text_is_wanted() - do --function and --module allow this one? Without either, a library's is
 * not wanted. */
bool mw_text_is_wanted(const struct mw_view *view, const struct mw_function *function);
