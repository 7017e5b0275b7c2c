/* SPDX: no licence chosen yet, see README */
/*
 * text_lines.c - "lines at the tree's peak": each byte at exactly one line, so that rows, the
 * rest and what is unattributed add up to the total; heap first, then mappings.
 */
#include "report/render/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/model/losses.h"
#include "report/model/sampled.h"

#define FIXED_COLUMNS 29 /* bytes, share, blocks or margin */
#define ESTIMATED                                                                                  \
	" Bytes are estimates from the blocks that were sampled, and right within the margin in "  \
	"95 % of cases; a line without sampled blocks is not listed."

static const enum mwd_peak peak = MWD_PEAK_TREE_HEAP;

/* The order of rows; for qsort(), which takes no context. */
static const struct mw_profile *ranked;
static enum mwd_class ranked_class;

static int compare_rank(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int64_t a_bytes = ranked->lines.items[a].owned[ranked_class].peak_bytes[peak];
	int64_t b_bytes = ranked->lines.items[b].owned[ranked_class].peak_bytes[peak];
	if (a_bytes != b_bytes)
		return a_bytes > b_bytes ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Indices of the lines that hold something, most first; owned by the caller. */
static uint32_t *rank_lines(const struct mw_profile *profile, enum mwd_class class, size_t *n_out)
{
	uint32_t *order = malloc((profile->lines.n + 1) * sizeof(*order));
	size_t n = 0;
	for (uint32_t i = 0; order && i < profile->lines.n; i++) {
		const struct mw_sums *owned = &profile->lines.items[i].owned[class];
		bool holds = owned->peak_bytes[peak] != 0 || owned->peak_blocks[peak] != 0;
		if (holds && !mw_profile_is_rest(profile, &profile->lines.items[i]))
			order[n++] = i;
	}
	ranked = profile;
	ranked_class = class;
	if (order)
		qsort(order, n, sizeof(*order), compare_rank);
	*n_out = n;
	return order;
}

/* Rows of estimates have the margin in the place of the blocks. */
static bool is_estimated(const struct mw_profile *profile, enum mwd_class class)
{
	return profile->is_sampled && class == MWD_CLASS_HEAP;
}

struct table {
	struct mw_text *text;
	const struct mw_profile *profile;
	enum mwd_class class;
	int64_t total_bytes;
};

/* @margin: bytes; 0 = exact, negative = of no meaning here. */
static void print_numbers(const struct table *table, const struct mw_sums *sums, int64_t margin)
{
	FILE *out = table->text->out;
	char size[MW_FORMAT_BYTES];
	int64_t bytes = sums->peak_bytes[peak];
	double share =
		table->total_bytes != 0 ? 100.0 * (double)bytes / (double)table->total_bytes : 0;
	fprintf(out, "%10s %5.1f%% ", mw_format_size(size, bytes), share);
	if (!is_estimated(table->profile, table->class))
		fprintf(out, "%9" PRId64 "  ", sums->peak_blocks[peak]);
	else if (margin <= 0)
		fprintf(out, "%9s  ", margin == 0 && bytes != 0 ? "exact" : "");
	else
		fprintf(out, "\u00b1%8s  ", mw_format_margin(size, margin));
}

/* "cc1 (12), ld", the program with most bytes first; up to 3, then "...". */
static void format_programs(const struct mw_profile *profile, const struct mw_line *line,
	enum mwd_class class, size_t columns, char *out, size_t out_bytes)
{
	const struct mw_share *shown[3] = { NULL, NULL, NULL };
	size_t n = 0;
	for (uint32_t at = line->first_share; at != MW_NONE; at = profile->shares.items[at].next) {
		const struct mw_share *share = &profile->shares.items[at];
		if (share->class != class)
			continue;
		n++;
		for (size_t i = 0; i < 3; i++) {
			if (shown[i] && shown[i]->bytes >= share->bytes)
				continue;
			const struct mw_share *pushed_down = shown[i];
			shown[i] = share;
			share = pushed_down;
			if (!share)
				break;
		}
	}
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < 3 && shown[i] && used < out_bytes; i++) {
		char count[16] = "", name[128];
		if (shown[i]->n_images > 1)
			snprintf(count, sizeof(count), " (%u)", shown[i]->n_images);
		/* The first one's count stays in sight, however narrow the column. */
		mw_format_cut(mw_profile_text(profile, shown[i]->program),
			columns > strlen(count) ? columns - strlen(count) : 1, name, sizeof(name));
		used += (size_t)snprintf(
			out + used, out_bytes - used, "%s%s%s", i ? ", " : "", name, count);
	}
	if (n > 3 && used < out_bytes)
		snprintf(out + used, out_bytes - used, ", ...");
}

struct columns {
	unsigned function, place, programs;
};

static struct columns columns_for(unsigned width)
{
	unsigned room = width > FIXED_COLUMNS + 30 ? width - FIXED_COLUMNS - 2 : 28;
	unsigned function = room * 34 / 100, place = room * 42 / 100;
	return (struct columns){ function, place, room - function - place };
}

static void print_line(const struct table *table, uint32_t line_idx)
{
	struct mw_text *text = table->text;
	const struct mw_profile *profile = table->profile;
	const struct mw_line *line = &profile->lines.items[line_idx];
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	struct columns columns = columns_for(text->width);
	char place[4200], programs[256];
	const struct mw_sums *owned = &line->owned[table->class];
	print_numbers(table, owned, mw_sums_margin(owned->peak_variance[peak]));
	mw_text_line_name(text, profile, line, columns.function);
	fputc(' ', text->out);
	mw_text_cell(text, mw_text_place(profile, function, line->line, place, sizeof(place)),
		columns.place, mw_format_path);
	fputc(' ', text->out);
	format_programs(profile, line, table->class, columns.programs, programs, sizeof(programs));
	mw_text_last_cell(text, programs, columns.programs, mw_format_cut);
}

static void print_sum_row(const struct table *table, const struct mw_sums *sums, const char *what)
{
	struct mw_text *text = table->text;
	print_numbers(table, sums, mw_sums_margin(sums->peak_variance[peak]));
	mw_text_last_cell(text, what, text->width - FIXED_COLUMNS, mw_format_cut);
}

/* What has no stack because none was wanted, and that it adds up all the same. */
static void print_unstacked(const struct table *table)
{
	const struct mw_profile *profile = table->profile;
	const struct mw_sums *unstacked = &profile->unstacked[table->class];
	bool is_estimate = is_estimated(profile, table->class);
	if (is_estimate && !profile->has_stackless) {
		struct mw_sums estimates = profile->sums[table->class];
		mw_sums_subtract(&estimates, unstacked);
		print_sum_row(table, &estimates, "sum of the estimates");
	}
	const char *name =
		is_estimate || profile->has_stackless ? mw_sampled_rest_name(profile) : NULL;
	if (!name)
		return;
	print_numbers(table, unstacked, -1);
	mw_text_last_cell(table->text, name, table->text->width - FIXED_COLUMNS, mw_format_cut);
}

/* The records' own sum; heap has a total that was kept apart from them to compare with. */
void mw_text_difference(struct mw_text *text, const struct mw_profile *profile)
{
	char size[MW_FORMAT_BYTES], bound_text[MW_FORMAT_BYTES];
	int64_t difference = mw_minus(
		profile->tree_heap_peak_bytes, profile->sums[MWD_CLASS_HEAP].peak_bytes[peak]);
	int64_t size_bytes = difference < 0 ? mw_minus(0, difference) : difference;
	struct mw_peak_bound bound = mw_losses_peak_bound(profile);
	const char *which = difference < 0 ? "less" : "more";
	mw_format_size(size, size_bytes);
	if (difference == 0)
		return;
	if (size_bytes <= bound.batches_bytes)
		mw_text_caption(text,
			"The tree's own counter had %s %s than this sum: threads and processes "
			"publish in batches, here at most %s in all.",
			size, which, mw_format_size(bound_text, bound.batches_bytes));
	else if (size_bytes <= mw_plus(bound.batches_bytes, bound.in_flight_bytes))
		mw_text_caption(text,
			"The tree's own counter had %s %s than this sum: a block that a thread "
			"takes or gives back at that very moment may be in one only.",
			size, which);
	else
		mw_text_caption(text, "The tree's own counter had %s %s than this sum: %s", size,
			which, difference < 0 ? "it is damaged." : "records are missing.");
}

static void print_table(struct mw_text *text, const struct mw_view *view, enum mwd_class class)
{
	const struct mw_profile *profile = &view->profile;
	const struct mw_sums *sums = &profile->sums[class];
	struct table table = { text, profile, class, sums->peak_bytes[peak] };
	size_t n;
	uint32_t *order = rank_lines(profile, class, &n);
	struct columns columns = columns_for(text->width);
	text->has_failed |= !order;
	bool is_estimate = is_estimated(profile, class);
	fprintf(text->out, "%s %6s %s  %-*s %-*s %s\n",
		is_estimate ? "   \u2248 Bytes" : "     Bytes", "Share",
		is_estimate ? "  \u00b1 95 %" : "   Blocks", (int)columns.function, "Function",
		(int)columns.place, "File:line", "Programs");
	struct mw_sums rest = { 0 };
	for (size_t i = 0; order && i < n; i++) {
		const struct mw_sums *owned = &profile->lines.items[order[i]].owned[class];
		if (i < view->top) {
			print_line(&table, order[i]);
			continue;
		}
		mw_sums_add(&rest, owned);
	}
	if (n > view->top) {
		char what[64];
		snprintf(what, sizeof(what), "... and %zu more", n - view->top);
		print_sum_row(&table, &rest, what);
	}
	print_sum_row(&table, &profile->unattributed[class], "unattributed (no usable stack)");
	for (unsigned i = 0; i < MW_N_RESTS; i++) {
		const struct mw_sums *not_shown = mw_profile_rest(profile, (enum mw_rest)i, class);
		if (not_shown)
			print_sum_row(&table, not_shown, mw_rest_names[i]);
	}
	print_unstacked(&table);
	print_sum_row(&table, sums, is_estimate ? "exact total" : "sum");
	free(order);
}

void mw_text_lines(struct mw_text *text, const struct mw_view *view)
{
	static const char *const titles[MWD_N_CLASSES] = {
		[MWD_CLASS_HEAP] = "Lines at the tree's heap peak",
		[MWD_CLASS_ANON] = "Anonymous mappings at the tree's heap peak",
		[MWD_CLASS_FILE] = "File mappings at the tree's heap peak",
	};
	for (unsigned class = 0; class < MWD_N_CLASSES; class ++) {
		if (class != MWD_CLASS_HEAP && view->profile.sums[class].peak_bytes[peak] == 0)
			continue;
		mw_text_heading(text, titles[class]);
		if (class == MWD_CLASS_HEAP)
			mw_text_caption(text,
				"Each byte once: at its innermost frame with a source line outside "
				"the C/C++ libraries and malloc wrappers, else the innermost.%s",
				view->profile.is_sampled ? ESTIMATED : "");
		print_table(text, view, (enum mwd_class) class);
		if (class == MWD_CLASS_HEAP)
			mw_text_difference(text, &view->profile);
	}
}
