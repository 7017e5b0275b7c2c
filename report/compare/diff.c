/* SPDX: no licence chosen yet, see README */
/*
 * diff.c - what changed between two runs, most first. See diff.h.
 */
#include "report/compare/diff.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NUMBER_COLUMNS 36 /* three sizes of 11 and blanks */

size_t mw_diff_count(
	const struct mw_matches *matches, enum mw_ledger_kind kind, enum mw_ledger_value value)
{
	size_t n = 0;
	for (size_t i = 0; i < matches->items.n; i++)
		n += matches->items.items[i].kind == kind &&
		     mw_match_change(&matches->items.items[i], value) != 0;
	return n;
}

struct ranked {
	const struct mw_match *match;
	uint64_t size; /* of the change */
	size_t place;
};

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return a->place < b->place ? -1 : 1;
}

/* Changed rows of a kind, largest change first; owned by the caller. */
static struct ranked *rank(const struct mw_matches *matches, enum mw_ledger_kind kind,
	enum mw_ledger_value value, size_t *n_out)
{
	struct ranked *ranked = malloc((matches->items.n + 1) * sizeof(*ranked));
	*n_out = 0;
	for (size_t i = 0; ranked && i < matches->items.n; i++) {
		const struct mw_match *match = &matches->items.items[i];
		int64_t change = mw_match_change(match, value);
		uint64_t size = change < 0 ? 0 - (uint64_t)change : (uint64_t)change;
		if (match->kind == kind && change != 0)
			ranked[(*n_out)++] = (struct ranked){ match, size, i };
	}
	if (ranked && *n_out > 1)
		qsort(ranked, *n_out, sizeof(*ranked), compare_ranked);
	return ranked;
}

static const char *format_value(
	enum mw_ledger_value value, int64_t number, bool is_change, char out[static 32])
{
	char size[MW_FORMAT_BYTES];
	if (number == MW_LEDGER_UNKNOWN)
		return strcpy(out, "-");
	if (value == MW_LEDGER_COUNT)
		snprintf(out, 32, is_change ? "%+" PRId64 : "%" PRId64, number);
	else
		snprintf(out, 32, "%s%s", is_change && number > 0 ? "+" : "",
			mw_format_size(size, number));
	return out;
}

static void print_numbers(
	struct mw_text *text, const struct mw_match *match, enum mw_ledger_value value)
{
	char before[32], after[32], change[32];
	fprintf(text->out, "%11s %11s %11s  ",
		format_value(value, mw_match_change(match, value), true, change),
		format_value(value, match->values[MW_BEFORE][value], false, before),
		format_value(value, match->values[MW_AFTER][value], false, after));
}

static void print_tree(struct mw_text *text, const struct mw_matches *matches)
{
	static const char *const titles[MW_LEDGER_N_VALUES] = {
		[MW_LEDGER_AT_PEAK] = "at the tree's heap peak, by line",
		[MW_LEDGER_PEAK] = "heap peak",
		[MW_LEDGER_LEAKED] = "never freed",
		[MW_LEDGER_TOTAL] = "allocated",
		[MW_LEDGER_COUNT] = "allocations",
		[MW_LEDGER_RSS] = "RSS peak (sampled)",
	};
	const struct mw_match *tree = matches->items.items;
	if (matches->items.n == 0 || tree->kind != MW_LEDGER_TREE)
		return;
	mw_text_heading(text, "The whole tree");
	fprintf(text->out, "%11s %11s %11s\n", "Change", "Before", "After");
	for (enum mw_ledger_value value = 0; value < MW_LEDGER_N_VALUES; value++) {
		if (value == MW_LEDGER_AT_PEAK)
			continue;
		print_numbers(text, tree, value);
		fprintf(text->out, "%s\n", titles[value]);
	}
}

/* "pool.c:12 -> 14", "cc1" */
static void format_place(const struct mw_match *match, char *out, size_t out_bytes)
{
	const char *base = *match->file ? match->file : match->module;
	uint32_t before = match->line[MW_BEFORE], after = match->line[MW_AFTER];
	if (before && after && before != after)
		snprintf(out, out_bytes, "%s:%" PRIu32 "->%" PRIu32, base, before, after);
	else if (before || after)
		snprintf(out, out_bytes, "%s:%" PRIu32, base, after ? after : before);
	else
		snprintf(out, out_bytes, "%s", base);
}

static void print_row(
	struct mw_text *text, const struct mw_match *match, enum mw_ledger_value value)
{
	unsigned room = text->width > NUMBER_COLUMNS + 32 ? text->width - NUMBER_COLUMNS - 1 : 31;
	unsigned name = match->kind == MW_LEDGER_PROCESS ? room : room / 2;
	char place[600], where[640];
	const char *state = !match->is_in[MW_BEFORE]  ? "new "
			    : !match->is_in[MW_AFTER] ? "gone "
						      : "";
	print_numbers(text, match, value);
	if (match->kind == MW_LEDGER_PROCESS) {
		snprintf(where, sizeof(where), "%s%s", state, match->function);
		mw_text_last_cell(text, where, name, mw_format_cut);
		return;
	}
	format_place(match, place, sizeof(place));
	snprintf(where, sizeof(where), "%s%s", state, place);
	mw_text_cell(text, match->function, name, mw_format_cut);
	fputc(' ', text->out);
	mw_text_last_cell(text, where, room - name, mw_format_ellipsize);
}

static void print_table(struct mw_text *text, const struct mw_matches *matches,
	enum mw_ledger_kind kind, const struct mw_diff_options *options)
{
	static const char *const titles[] = { [MW_LEDGER_PROCESS] = "Programs",
		[MW_LEDGER_FUNCTION] = "Functions",
		[MW_LEDGER_TASK] = "Tasks",
		[MW_LEDGER_LINE] = "Lines" };
	size_t n;
	struct ranked *ranked = rank(matches, kind, options->value, &n);
	char title[80];
	snprintf(title, sizeof(title), "%s: %s", titles[kind],
		mw_ledger_value_names[options->value]);
	mw_text_heading(text, title);
	if (n == 0)
		mw_text_item(text, "no change");
	else
		fprintf(text->out, "%11s %11s %11s  %s\n", "Change", "Before", "After",
			kind == MW_LEDGER_PROCESS ? "Program" : "Function, place");
	for (size_t i = 0; ranked && i < n && i < options->top; i++)
		print_row(text, ranked[i].match, options->value);
	if (n > options->top)
		mw_text_caption(text, "... and %zu more", n - options->top);
	free(ranked);
}

void mw_diff_render(struct mw_text *text, const struct mw_matches *matches,
	const struct mw_diff_options *options)
{
	fprintf(text->out, "Before: %s\nAfter:  %s\n", options->names[MW_BEFORE],
		options->names[MW_AFTER]);
	print_tree(text, matches);
	print_table(text, matches, MW_LEDGER_PROCESS, options);
	print_table(text, matches, options->by, options);
}

static void put_side(
	struct mw_json_writer *writer, const char *key, const struct mw_match *match, int side)
{
	if (!match->is_in[side]) {
		mw_json_put_null(writer, key);
		return;
	}
	mw_json_open_object(writer, key);
	if (match->line[side])
		mw_json_put_int(writer, "line", match->line[side]);
	for (enum mw_ledger_value value = 0; value < MW_LEDGER_N_VALUES; value++)
		if (match->values[side][value] != MW_LEDGER_UNKNOWN)
			mw_json_put_int(
				writer, mw_ledger_value_names[value], match->values[side][value]);
	mw_json_close(writer);
}

static bool has_changed(const struct mw_match *match)
{
	for (enum mw_ledger_value value = 0; value < MW_LEDGER_N_VALUES; value++)
		if (mw_match_change(match, value) != 0)
			return true;
	return match->is_in[MW_BEFORE] != match->is_in[MW_AFTER];
}

int mw_diff_write_json(
	FILE *out, const struct mw_matches *matches, const struct mw_diff_options *options)
{
	struct mw_json_writer writer = { .out = out };
	mw_json_open_object(&writer, NULL);
	mw_json_put_text(&writer, "before", options->names[MW_BEFORE]);
	mw_json_put_text(&writer, "after", options->names[MW_AFTER]);
	mw_json_open_array(&writer, "changes");
	for (size_t i = 0; i < matches->items.n; i++) {
		const struct mw_match *match = &matches->items.items[i];
		if (!has_changed(match))
			continue;
		mw_json_open_object(&writer, NULL);
		mw_json_put_text(&writer, "kind", mw_ledger_kind_names[match->kind]);
		mw_json_put_text(&writer, "module", match->module);
		mw_json_put_text(&writer, "name", match->function);
		mw_json_put_text(&writer, "file", match->file);
		put_side(&writer, "before", match, MW_BEFORE);
		put_side(&writer, "after", match, MW_AFTER);
		mw_json_close(&writer);
	}
	mw_json_close(&writer);
	mw_json_close(&writer);
	putc('\n', out);
	return writer.has_failed || ferror(out) ? -EIO : 0;
}
