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

#define FIXED_COLUMNS 29 /* bytes, share, blocks */

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
		if (owned->peak_bytes[peak] != 0 || owned->peak_blocks[peak] != 0)
			order[n++] = i;
	}
	ranked = profile;
	ranked_class = class;
	if (order)
		qsort(order, n, sizeof(*order), compare_rank);
	*n_out = n;
	return order;
}

static void print_numbers(struct mw_text *text, int64_t bytes, int64_t blocks, int64_t total)
{
	char size[MW_FORMAT_BYTES];
	double share = total != 0 ? 100.0 * (double)bytes / (double)total : 0;
	fprintf(text->out, "%10s %5.1f%% %9" PRId64 "  ", mw_format_size(size, bytes), share,
		blocks);
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

static void print_line(struct mw_text *text, const struct mw_profile *profile, uint32_t line_idx,
	enum mwd_class class, int64_t total)
{
	const struct mw_line *line = &profile->lines.items[line_idx];
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	struct columns columns = columns_for(text->width);
	char place[4200], programs[256];
	print_numbers(text, line->owned[class].peak_bytes[peak],
		line->owned[class].peak_blocks[peak], total);
	mw_text_line_name(text, profile, line, columns.function);
	fputc(' ', text->out);
	mw_text_cell(text, mw_text_place(profile, function, line->line, place, sizeof(place)),
		columns.place, mw_format_path);
	fputc(' ', text->out);
	format_programs(profile, line, class, columns.programs, programs, sizeof(programs));
	mw_text_last_cell(text, programs, columns.programs, mw_format_cut);
}

static void print_sum_row(
	struct mw_text *text, int64_t bytes, int64_t blocks, int64_t total, const char *what)
{
	print_numbers(text, bytes, blocks, total);
	mw_text_last_cell(text, what, text->width - FIXED_COLUMNS, mw_format_cut);
}

/* The records' own sum; heap has a total that was kept apart from them to compare with. */
static void print_difference(struct mw_text *text, const struct mw_profile *profile)
{
	char size[MW_FORMAT_BYTES], bound[MW_FORMAT_BYTES];
	int64_t difference = mw_minus(
		profile->tree_heap_peak_bytes, profile->sums[MWD_CLASS_HEAP].peak_bytes[peak]);
	int64_t size_bytes = difference < 0 ? mw_minus(0, difference) : difference;
	int64_t bound_bytes = mw_losses_peak_bound(profile);
	if (size_bytes > bound_bytes)
		mw_text_caption(text, "The tree's own counter had %s %s than this sum: %s",
			mw_format_size(size, size_bytes), difference < 0 ? "less" : "more",
			difference < 0 ? "it is damaged." : "records are missing.");
	else if (difference != 0)
		mw_text_caption(text,
			"The tree's own counter had %s %s than this sum: threads and processes "
			"publish in batches, here at most %s in all.",
			mw_format_size(size, size_bytes), difference < 0 ? "less" : "more",
			mw_format_size(bound, bound_bytes));
}

static void print_table(struct mw_text *text, const struct mw_view *view, enum mwd_class class)
{
	const struct mw_profile *profile = &view->profile;
	const struct mw_sums *sums = &profile->sums[class];
	int64_t total = sums->peak_bytes[peak];
	size_t n;
	uint32_t *order = rank_lines(profile, class, &n);
	struct columns columns = columns_for(text->width);
	text->has_failed |= !order;
	fprintf(text->out, "%10s %6s %9s  %-*s %-*s %s\n", "Bytes", "Share", "Blocks",
		(int)columns.function, "Function", (int)columns.place, "File:line", "Programs");
	int64_t rest_bytes = 0, rest_blocks = 0;
	for (size_t i = 0; order && i < n; i++) {
		const struct mw_sums *owned = &profile->lines.items[order[i]].owned[class];
		if (i < view->top) {
			print_line(text, profile, order[i], class, total);
			continue;
		}
		rest_bytes = mw_plus(rest_bytes, owned->peak_bytes[peak]);
		rest_blocks = mw_plus(rest_blocks, owned->peak_blocks[peak]);
	}
	if (n > view->top) {
		char what[64];
		snprintf(what, sizeof(what), "... and %zu more", n - view->top);
		print_sum_row(text, rest_bytes, rest_blocks, total, what);
	}
	const struct mw_sums *unattributed = &profile->unattributed[class];
	print_sum_row(text, unattributed->peak_bytes[peak], unattributed->peak_blocks[peak], total,
		"unattributed (no usable stack)");
	print_sum_row(text, total, sums->peak_blocks[peak], total, "sum");
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
				"the C/C++ libraries and malloc wrappers, else the innermost.");
		print_table(text, view, (enum mwd_class) class);
		if (class == MWD_CLASS_HEAP)
			print_difference(text, &view->profile);
	}
}
