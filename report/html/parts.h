/* SPDX: no licence chosen yet, see README */
/* parts.h - what the parts of the page's data share; see html.h. Each writes members of the top
 * object and returns 0 or -ENOMEM. */
#pragma once

#include "report/render/view.h"
#include "report/util/json.h"

/* The parts are written into @json; strings and frames, which all of them use, come last. */
struct mw_html {
	struct mw_json_writer json;
	const struct mw_view *view;
	struct mw_strings strings;
	MW_ARRAY(uint32_t) frames;   /* what each frame names: an index of lines */
	uint32_t *frame_of_function; /* owned; index of frames + 1, 0 = none yet */
	uint32_t *frame_of_line;     /* owned; the same for code without symbols */
};

/* Frames that no line has; all others follow. */
enum mw_html_frame {
	MW_HTML_FRAME_ROOT,
	MW_HTML_FRAME_UNATTRIBUTED,
	MW_HTML_FRAME_SMALLER,
	MW_HTML_N_FRAMES,
};

int mw_html_runs(struct mw_html *page);
int mw_html_processes(struct mw_html *page); /* and blind spots */
int mw_html_tasks(struct mw_html *page);
int mw_html_lines(struct mw_html *page);
int mw_html_flame(struct mw_html *page);

/* Helpers (html.c). Without memory they fail later: json.has_failed is set. */

/** mw_html_put_string() - a text as its index among the strings; NULL and "" are 0. */
void mw_html_put_string(struct mw_html *page, const char *key, const char *text);

/** mw_html_frame() - a line's function as a frame; each address is one where it has no symbol. */
uint32_t mw_html_frame(struct mw_html *page, uint32_t line_idx);

/** mw_html_put_us() - a time of CLOCK_MONOTONIC since the run's start; @at_ns = 0: -1. */
void mw_html_put_us(struct mw_html *page, const char *key, const struct mw_run *run, int64_t at_ns);

/* The top level that a page's parts write into (template.c). NULL = not built. */
const char *mw_html_template(size_t *n_bytes_out);
