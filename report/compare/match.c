/* SPDX: no licence chosen yet, see README */
/*
 * match.c - two sorted lists merged by name, and lines of one function paired. See match.h.
 */
#include "report/compare/match.h"

#include <errno.h>
#include <string.h>

/* A row with its name spelled out, and whether it has found its partner. */
struct entry {
	enum mw_ledger_kind kind;
	const char *module, *function, *file, *path, *text;
	uint32_t line;
	bool is_paired;
	int64_t values[MW_LEDGER_N_VALUES];
};

struct entries {
	MW_ARRAY(struct entry) items;
};

static int compare_groups(const struct entry *a, const struct entry *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	int order = strcmp(a->module, b->module);
	order = order ? order : strcmp(a->function, b->function);
	return order ? order : strcmp(a->file, b->file);
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = compare_groups(a, b);
	if (order)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return strcmp(a->text, b->text);
}

static int compare_words(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The builds a ledger has code without symbols of, sorted; owned by the caller. */
static const char **list_builds(const struct mw_ledger *ledger, size_t *n_out)
{
	const char **builds = malloc((ledger->rows.n + 1) * sizeof(*builds));
	*n_out = 0;
	for (size_t i = 0; builds && i < ledger->rows.n; i++)
		if (ledger->rows.items[i].build_id)
			builds[(*n_out)++] = mw_ledger_text(ledger, ledger->rows.items[i].build_id);
	if (builds)
		qsort(builds, *n_out, sizeof(*builds), compare_words);
	return builds;
}

static int64_t add_values(enum mw_ledger_value value, int64_t a, int64_t b)
{
	if (a == MW_LEDGER_UNKNOWN || b == MW_LEDGER_UNKNOWN)
		return a == MW_LEDGER_UNKNOWN ? b : a;
	if (value == MW_LEDGER_PEAK || value == MW_LEDGER_RSS)
		return a > b ? a : b;
	return mw_plus(a, b);
}

static void merge_equal(struct entries *entries)
{
	size_t n = 0;
	for (size_t i = 0; i < entries->items.n; i++) {
		struct entry *entry = &entries->items.items[i];
		struct entry *last = n ? &entries->items.items[n - 1] : NULL;
		if (!last || compare_entries(last, entry) != 0) {
			entries->items.items[n++] = *entry;
			continue;
		}
		for (enum mw_ledger_value v = 0; v < MW_LEDGER_N_VALUES; v++)
			last->values[v] = add_values(v, last->values[v], entry->values[v]);
	}
	entries->items.n = n;
}

static int fill(struct entries *entries, const struct mw_ledger *ledger, const char **builds,
	size_t n_builds)
{
	for (size_t i = 0; i < ledger->rows.n; i++) {
		const struct mw_ledger_row *row = &ledger->rows.items[i];
		const char *build = mw_ledger_text(ledger, row->build_id);
		struct entry *entry = mw_array_push(&entries->items);
		if (!entry)
			return -ENOMEM;
		*entry = (struct entry){ .kind = row->kind,
			.module = mw_ledger_text(ledger, row->module),
			.function = mw_ledger_text(ledger, row->function),
			.file = mw_ledger_text(ledger, row->file),
			.path = mw_ledger_text(ledger, row->path),
			.text = mw_ledger_text(ledger, row->text),
			.line = row->line };
		memcpy(entry->values, row->values, sizeof(entry->values));
		if (row->build_id &&
			!bsearch(&build, builds, n_builds, sizeof(*builds), compare_words))
			entry->function = "[code without symbols]";
	}
	if (entries->items.n > 1)
		qsort(entries->items.items, entries->items.n, sizeof(struct entry),
			compare_entries);
	merge_equal(entries);
	return 0;
}

static int add_match(struct mw_matches *matches, struct entry *before, struct entry *after)
{
	struct mw_match *match = mw_array_push(&matches->items);
	const struct entry *named = after ? after : before;
	struct entry *sides[2] = { before, after };
	if (!match)
		return -ENOMEM;
	*match = (struct mw_match){ .kind = named->kind,
		.module = named->module,
		.function = named->function,
		.file = named->file,
		.path = named->path,
		.text = named->text };
	for (int side = MW_BEFORE; side <= MW_AFTER; side++) {
		if (!sides[side])
			continue;
		sides[side]->is_paired = true;
		match->is_in[side] = true;
		match->line[side] = sides[side]->line;
		memcpy(match->values[side], sides[side]->values, sizeof(match->values[side]));
	}
	return 0;
}

struct group {
	struct entry *items;
	size_t n;
};

static bool is_same_line(const struct entry *before, const struct entry *after)
{
	bool is_text_known = *before->text && *after->text;
	return before->line == after->line &&
	       (!is_text_known || strcmp(before->text, after->text) == 0);
}

static bool is_moved_line(const struct entry *before, const struct entry *after)
{
	return *before->text && strcmp(before->text, after->text) == 0;
}

static bool is_same_number(const struct entry *before, const struct entry *after)
{
	return before->line == after->line;
}

static bool is_any(const struct entry *before, const struct entry *after)
{
	(void)before;
	(void)after;
	return true;
}

/* Pairs what is left over and alike, in order. */
static int pair(struct mw_matches *matches, struct group before, struct group after,
	bool (*is_alike)(const struct entry *before, const struct entry *after))
{
	int error = 0;
	for (size_t i = 0; !error && i < before.n; i++) {
		if (before.items[i].is_paired)
			continue;
		for (size_t j = 0; j < after.n; j++) {
			if (after.items[j].is_paired ||
				!is_alike(&before.items[i], &after.items[j]))
				continue;
			error = add_match(matches, &before.items[i], &after.items[j]);
			break;
		}
	}
	return error;
}

static size_t count_left(struct group group)
{
	size_t n = 0;
	for (size_t i = 0; i < group.n; i++)
		n += !group.items[i].is_paired;
	return n;
}

static int match_group(struct mw_matches *matches, struct group before, struct group after)
{
	int error = pair(matches, before, after, is_same_line);
	if (!error)
		error = pair(matches, before, after, is_moved_line);
	if (!error)
		error = pair(matches, before, after,
			count_left(before) == count_left(after) ? is_any : is_same_number);
	for (size_t i = 0; !error && i < before.n; i++)
		if (!before.items[i].is_paired)
			error = add_match(matches, &before.items[i], NULL);
	for (size_t i = 0; !error && i < after.n; i++)
		if (!after.items[i].is_paired)
			error = add_match(matches, NULL, &after.items[i]);
	return error;
}

/* The entries of @entries from @at on that have @name's group. */
static struct group take_group(struct entries *entries, size_t at, const struct entry *name)
{
	struct group group = { entries->items.n ? &entries->items.items[at] : NULL, 0 };
	while (at + group.n < entries->items.n && compare_groups(&group.items[group.n], name) == 0)
		group.n++;
	return group;
}

static int match_sorted(struct mw_matches *matches, struct entries *before, struct entries *after)
{
	size_t i = 0, j = 0;
	int error = 0;
	while (!error && (i < before->items.n || j < after->items.n)) {
		const struct entry *a = i < before->items.n ? &before->items.items[i] : NULL;
		const struct entry *b = j < after->items.n ? &after->items.items[j] : NULL;
		const struct entry *name = !b || (a && compare_groups(a, b) <= 0) ? a : b;
		struct group left = take_group(before, i, name);
		struct group right = take_group(after, j, name);
		i += left.n;
		j += right.n;
		error = match_group(matches, left, right);
	}
	return error;
}

int mw_match_ledgers(
	struct mw_matches *matches, const struct mw_ledger *before, const struct mw_ledger *after)
{
	struct entries entries[2] = { 0 };
	size_t n_before, n_after;
	const char **before_builds = list_builds(before, &n_before);
	const char **after_builds = list_builds(after, &n_after);
	int error = before_builds && after_builds ? 0 : -ENOMEM;
	memset(matches, 0, sizeof(*matches));
	if (!error)
		error = fill(&entries[MW_BEFORE], before, after_builds, n_after);
	if (!error)
		error = fill(&entries[MW_AFTER], after, before_builds, n_before);
	if (!error)
		error = match_sorted(matches, &entries[MW_BEFORE], &entries[MW_AFTER]);
	free(before_builds);
	free(after_builds);
	mw_array_deinit(&entries[MW_BEFORE].items);
	mw_array_deinit(&entries[MW_AFTER].items);
	return error;
}

void mw_matches_deinit(struct mw_matches *matches)
{
	mw_array_deinit(&matches->items);
}

int64_t mw_match_change(const struct mw_match *match, enum mw_ledger_value value)
{
	int64_t before = match->values[MW_BEFORE][value], after = match->values[MW_AFTER][value];
	return before == MW_LEDGER_UNKNOWN || after == MW_LEDGER_UNKNOWN ? 0
									 : mw_minus(after, before);
}
