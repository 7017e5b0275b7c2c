/* SPDX: no licence chosen yet, see README */
/*
 * text_by.h - one table of the user's choice: rows of one kind, any counters, any order. Heap
 * bytes; each is in one row, so columns add up to the total below them.
 */
#pragma once

#include "report/model/columns.h"
#include "report/render/text.h"
#include "report/util/diag.h"

enum mw_by {
	MW_BY_NONE, /* the whole report */
	MW_BY_LINE,
	MW_BY_FUNCTION,
	MW_BY_STACK,
	MW_BY_PROCESS, /* a row a program image */
	MW_BY_COMMAND, /* a row a program */
	MW_BY_MODULE,
	MW_BY_TASK,  /* the innermost region marked in code */
	MW_BY_CLASS, /* heap, anonymous and file mappings */
	MW_N_BY,
};

struct mw_by_kind {
	const char *name, *help;
};

/* By enum mw_by; the first one is not used. */
extern const struct mw_by_kind mw_by_kinds[MW_N_BY];

#define MW_BY_MAX_FIELDS 8

struct mw_by_request {
	enum mw_by by;
	enum mw_column_id fields[MW_BY_MAX_FIELDS];
	size_t n_fields; /* 0 = the usual four */
	bool has_sort;
	enum mw_column_id sort; /* else the first field */
};

/** mw_by_parse() - --by's word; 0 or -EINVAL with diag set. */
int mw_by_parse(const char *word, enum mw_by *out, struct mw_diag *diag);

/** mw_by_parse_fields() - --fields: names of columns.h by commas; 0 or -EINVAL with diag set. */
int mw_by_parse_fields(const char *words, struct mw_by_request *request, struct mw_diag *diag);

/** mw_by_parse_sort() - --sort's field; 0 or -EINVAL with diag set. */
int mw_by_parse_sort(const char *word, struct mw_by_request *request, struct mw_diag *diag);

/** mw_by_render() - view->top rows; text->has_failed when out of memory. */
void mw_by_render(
	struct mw_text *text, const struct mw_view *view, const struct mw_by_request *request);
