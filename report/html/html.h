/* SPDX: no licence chosen yet, see README */
/*
 * html.h - the report as one page for a browser: --html. After the model, beside render/.
 *
 *     index.html style.css src/   the page: plain modules, bundled with uPlot by build.mjs (npm,
 *                                 at build time) into one file without any reference to the net
 *     template.c                  that file, in the library
 *     html.c                      template + data of this report -> out
 *     html_runs.c                 runs and their time series
 *     html_processes.c            process tree, blind spots
 *     html_tasks.c                tasks, marks of shell scripts
 *     html_lines.c                line tables with source text
 *     html_flame.c, stack_tree.c  stacks of the heap as a tree, and what each process has in them
 *
 * The data is JSON inside <script type="application/json">, as tables of columns that refer to
 * each other and to one table of strings by index. Sizes are bytes, times microseconds since the
 * run's start; -1 = not known.
 */
#pragma once

#include <stdio.h>

#include "report/render/view.h"

/** mw_html_is_built() - false where npm was not there when this was built. */
bool mw_html_is_built(void);

/** mw_html_write_data() - what the page shows, as its script reads it; 0, -ENOMEM or -EIO. */
int mw_html_write_data(FILE *out, const struct mw_view *view);

/** mw_html_render() - the page; 0, -ENOMEM, -EIO, or -ENOTSUP if it is not built. */
int mw_html_render(FILE *out, const struct mw_view *view);
