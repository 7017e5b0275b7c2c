/* SPDX: no licence chosen yet, see README */
/*
 * text_totals.c - what there is to show of runs without stacks (--stacks=off): exact totals of each
 * class of memory, in place of the tables of lines and functions.
 */
#include "report/render/text.h"

#include <inttypes.h>

#include "report/model/columns.h"

static const struct {
	enum mw_column_id column;
	const char *label;
} rows[] = {
	{ MW_COLUMN_ALLOCATED_BYTES, "allocated" },
	{ MW_COLUMN_ALLOCATED_BLOCKS, "  blocks" },
	{ MW_COLUMN_FREED_BYTES, "freed" },
	{ MW_COLUMN_FREED_BLOCKS, "  blocks" },
	{ MW_COLUMN_LIVE_BYTES, "live at the end" },
	{ MW_COLUMN_LIVE_BLOCKS, "  blocks" },
	{ MW_COLUMN_TREE_PEAK_BYTES, "at the tree's heap peak" },
	{ MW_COLUMN_TREE_PEAK_BLOCKS, "  blocks" },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))
#define LABEL_COLUMNS 24

static void print_label(struct mw_text *text, const char *label)
{
	fputs("  ", text->out);
	mw_text_cell(text, label, LABEL_COLUMNS, mw_format_cut);
}

static void print_row(struct mw_text *text, const struct mw_profile *profile, size_t row)
{
	const struct mw_column *column = &mw_columns[rows[row].column];
	print_label(text, rows[row].label);
	for (unsigned class = 0; class < MWD_N_CLASSES; class ++) {
		int64_t value = column->get(&profile->sums[class]);
		fputc(' ', text->out);
		if (column->unit == MW_UNIT_BYTES)
			mw_text_size(text, value);
		else
			fprintf(text->out, "%10" PRId64, value);
	}
	fputc('\n', text->out);
}

/* Mappings have no peak of the tree: the highest of one process. */
static void print_process_peaks(struct mw_text *text, const struct mw_profile *profile)
{
	print_label(text, "most in one process");
	for (unsigned class = 0; class < MWD_N_CLASSES; class ++) {
		int64_t most = 0;
		for (size_t i = 0; i < profile->images.n; i++) {
			int64_t peak = mw_settle_process_peak(
				profile->images.items[i].head, (enum mwd_class) class);
			most = peak > most ? peak : most;
		}
		fputc(' ', text->out);
		mw_text_size(text, most);
	}
	fputc('\n', text->out);
}

void mw_text_totals(struct mw_text *text, const struct mw_view *view)
{
	mw_text_heading(text, "Totals");
	mw_text_caption(text, "Stacks were switched off (--stacks=off): no lines, no functions. "
			      "Totals are exact.");
	print_label(text, "");
	fprintf(text->out, " %10s %10s %10s\n", "Heap", "Anonymous", "File");
	for (size_t i = 0; i < N_ROWS; i++)
		print_row(text, &view->profile, i);
	print_process_peaks(text, &view->profile);
	mw_text_difference(text, &view->profile);
}
