/* SPDX: no licence chosen yet, see README */
/*
 * ledger.h - a run in numbers that can be compared with another's: the tree, its programs,
 * functions and lines, by names that survive ASLR and rebuilds. After the model; before match.c
 * and budget.c. Made from a profile (ledger.c) or read from a baseline file (baseline.c).
 *
 * A row's name is (kind, module, function, file, line): module and file without directories, and
 * functions without symbol as "module+0xaddress", which holds for one build only.
 */
#pragma once

#include "report/render/view.h"
#include "report/util/diag.h"
#include "report/util/json.h"

enum mw_ledger_kind {
	MW_LEDGER_TREE,	    /* one row */
	MW_LEDGER_PROCESS,  /* a row a program: function = its base name */
	MW_LEDGER_FUNCTION, /* all that was allocated while it was on the stack */
	MW_LEDGER_TASK,	    /* a region marked in code or by a shell script */
	MW_LEDGER_LINE, /* each byte at one line; with "[unattributed]" they add up to the tree */
	MW_LEDGER_N_KINDS,
};

enum mw_ledger_value {
	MW_LEDGER_AT_PEAK, /* bytes at the tree's heap peak */
	MW_LEDGER_PEAK,	  /* highest live heap: of the tree, one process, one while in a function */
	MW_LEDGER_LEAKED, /* bytes never freed */
	MW_LEDGER_TOTAL,  /* bytes allocated */
	MW_LEDGER_COUNT,  /* allocations */
	MW_LEDGER_RSS,	  /* peak RSS in bytes: of the tree (sampled), of one process */
	MW_LEDGER_N_VALUES,
};

#define MW_LEDGER_UNKNOWN INT64_MIN /* a value this kind of row does not have */

/* Names as in baseline files, budgets and options. */
extern const char *const mw_ledger_kind_names[MW_LEDGER_N_KINDS];
extern const char *const mw_ledger_value_names[MW_LEDGER_N_VALUES];

struct mw_ledger_row {
	enum mw_ledger_kind kind;
	/* String ids, 0 = none. */
	uint32_t module, function, file;
	uint32_t build_id; /* in hexadecimal, of rows that hold for one build only */
	uint32_t text;	   /* the line's source text without indentation */
	uint32_t path;	   /* of the source file, as the debug data has it; no part of the name */
	uint32_t line;	   /* 0 = unknown */
	int64_t values[MW_LEDGER_N_VALUES];
};

struct mw_ledger {
	struct mw_strings strings;
	MW_ARRAY(struct mw_ledger_row) rows;
	uint32_t command; /* string id */
};

/** mw_ledger_build() - of all runs of a view; reads source files; 0 or -ENOMEM. */
int mw_ledger_build(struct mw_ledger *ledger, const struct mw_view *view);

/** mw_ledger_write() - as a baseline file; 0 or -EIO. */
int mw_ledger_write(FILE *out, const struct mw_ledger *ledger);

/**
 * mw_ledger_read() - a baseline file's bytes
 * @name: for diag
 * Return: 0, -EINVAL or -ENOMEM with diag set. deinit in every case.
 */
int mw_ledger_read(struct mw_ledger *ledger, const char *name, const char *text, size_t n_bytes,
	struct mw_diag *diag);

void mw_ledger_deinit(struct mw_ledger *ledger);

/** mw_ledger_text() - a string, "" for id 0. */
const char *mw_ledger_text(const struct mw_ledger *ledger, uint32_t string_id);
