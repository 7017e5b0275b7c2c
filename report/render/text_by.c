/* SPDX: no licence chosen yet, see README */
/*
 * text_by.c - see text_by.h. Rows are collected with their name and all sums, then sorted; the
 * columns are those of columns.h.
 */
#include "report/render/text_by.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/model/functions.h"
#include "report/model/sampled.h"

#define NUMBER_COLUMNS 12 /* a size or count and a blank */
#define STACK_FRAMES 4	  /* named of a stack, innermost first */

const struct mw_by_kind mw_by_kinds[MW_N_BY] = {
	[MW_BY_LINE] = { "line", "of source; each byte at one line" },
	[MW_BY_FUNCTION] = { "function", "that such a line is of" },
	[MW_BY_STACK] = { "stack", "its innermost frames are named" },
	[MW_BY_PROCESS] = { "process", "one program in one process" },
	[MW_BY_COMMAND] = { "command", "all processes of one program" },
	[MW_BY_MODULE] = { "module", "program or library that the line is in" },
	[MW_BY_TASK] = { "task", "innermost region marked in code" },
	[MW_BY_CLASS] = { "class", "heap, anonymous and file mappings" },
};

static const enum mw_column_id usual_fields[] = { MW_COLUMN_TREE_PEAK_BYTES, MW_COLUMN_LIVE_BYTES,
	MW_COLUMN_ALLOCATED_BYTES, MW_COLUMN_ALLOCATED_BLOCKS };

/* Appends to a list of words; returns its length. */
static size_t add_word(char *out, size_t out_bytes, size_t used, const char *word)
{
	if (used < out_bytes)
		used += (size_t)snprintf(
			out + used, out_bytes - used, "%s%s", used ? ", " : "", word);
	return used;
}

int mw_by_parse(const char *word, enum mw_by *out, struct mw_diag *diag)
{
	char kinds[200] = "";
	size_t used = 0;
	for (*out = MW_BY_LINE; *out < MW_N_BY; ++*out) {
		if (strcmp(word, mw_by_kinds[*out].name) == 0)
			return 0;
		used = add_word(kinds, sizeof(kinds), used, mw_by_kinds[*out].name);
	}
	mw_diag_set(diag, "--by: %s: give one of %s", word, kinds);
	return -EINVAL;
}

static int find_column(const char *option, const char *word, size_t n_bytes, enum mw_column_id *out,
	struct mw_diag *diag)
{
	char names[200] = "";
	size_t used = 0;
	*out = mw_columns_find(word, n_bytes);
	if (*out < MW_N_COLUMNS)
		return 0;
	for (enum mw_column_id id = 0; id < MW_N_COLUMNS; id++)
		if (mw_columns[id].short_name)
			used = add_word(names, sizeof(names), used, mw_columns[id].short_name);
	mw_diag_set(diag, "--%s: %.*s: no such field; there are %s, and others, see --help", option,
		(int)n_bytes, word, names);
	return -EINVAL;
}

int mw_by_parse_fields(const char *words, struct mw_by_request *request, struct mw_diag *diag)
{
	request->n_fields = 0;
	for (const char *at = words;; at++) {
		size_t n_bytes = strcspn(at, ",");
		if (request->n_fields == MW_BY_MAX_FIELDS) {
			mw_diag_set(diag, "--fields: more than %d of them", MW_BY_MAX_FIELDS);
			return -EINVAL;
		}
		if (find_column("fields", at, n_bytes, &request->fields[request->n_fields++], diag))
			return -EINVAL;
		at += n_bytes;
		if (!*at)
			return 0;
	}
}

int mw_by_parse_sort(const char *word, struct mw_by_request *request, struct mw_diag *diag)
{
	request->has_sort = true;
	return find_column("sort", word, strlen(word), &request->sort, diag);
}

struct row {
	char *name; /* owned */
	struct mw_sums sums;
};

struct rows {
	MW_ARRAY(struct row) items;
	bool has_failed;
};

static void add_row(struct rows *rows, const char *name, const struct mw_sums *sums)
{
	if (!sums->allocated_blocks && !sums->freed_blocks && !sums->freed_here_blocks)
		return;
	struct row *row = mw_array_push(&rows->items);
	char *copy = row ? strdup(name) : NULL;
	if (!copy) {
		rows->has_failed = true;
		rows->items.n -= row != NULL;
		return;
	}
	*row = (struct row){ copy, *sums };
}

static void name_line(
	const struct mw_profile *profile, const struct mw_line *line, char *out, size_t out_bytes)
{
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	char name[600], place[4200];
	mw_functions_name(profile, line, name, sizeof(name));
	mw_text_place(profile, function, line->line, place, sizeof(place));
	snprintf(out, out_bytes, "%s  %s", name, mw_format_basename(place));
}

static void collect_lines(struct rows *rows, const struct mw_profile *profile)
{
	char name[5000];
	for (size_t i = 0; i < profile->lines.n; i++) {
		const struct mw_line *line = &profile->lines.items[i];
		if (mw_profile_is_rest(profile, line))
			continue;
		name_line(profile, line, name, sizeof(name));
		add_row(rows, name, &line->owned[MWD_CLASS_HEAP]);
	}
}

/* Sums of owned lines by what @key_of says, named by @name. */
static void collect_owned(struct rows *rows, const struct mw_profile *profile, size_t n_keys,
	uint32_t (*key_of)(const struct mw_profile *profile, const struct mw_line *line),
	const char *(*name_of)(const struct mw_profile *profile, uint32_t key))
{
	struct mw_sums *sums = calloc(n_keys + 1, sizeof(*sums));
	rows->has_failed |= !sums;
	for (size_t i = 0; sums && i < profile->lines.n; i++) {
		const struct mw_line *line = &profile->lines.items[i];
		uint32_t key = key_of(profile, line);
		if (mw_profile_is_rest(profile, line))
			continue;
		mw_sums_add(&sums[key < n_keys ? key : n_keys], &line->owned[MWD_CLASS_HEAP]);
	}
	for (uint32_t key = 0; sums && key <= n_keys; key++)
		add_row(rows, key < n_keys ? name_of(profile, key) : "(no module)", &sums[key]);
	free(sums);
}

static uint32_t function_of(const struct mw_profile *profile, const struct mw_line *line)
{
	(void)profile;
	return line->function_idx;
}

static const char *function_name(const struct mw_profile *profile, uint32_t key)
{
	return mw_profile_text(profile, profile->functions.items[key].name);
}

static uint32_t module_of(const struct mw_profile *profile, const struct mw_line *line)
{
	return profile->functions.items[line->function_idx].module_idx;
}

static const char *module_name(const struct mw_profile *profile, uint32_t key)
{
	return mw_profile_text(profile, profile->modules.items[key].path);
}

static bool is_rest_site(const struct mw_profile *profile, const struct mw_site *site)
{
	return site->owner_line != MW_NONE &&
	       mw_profile_is_rest(profile, &profile->lines.items[site->owner_line]);
}

/* What of an image is shown. */
static struct mw_sums image_sums(const struct mw_image *image)
{
	struct mw_sums sums = { 0 };
	if (image->is_not_shown)
		return sums;
	sums = image->sums[MWD_CLASS_HEAP];
	mw_sums_subtract(&sums, &image->elsewhere[MWD_CLASS_HEAP]);
	return sums;
}

/* "push < grow < main < ..." */
static void name_stack(
	const struct mw_profile *profile, uint32_t stack, char *out, size_t out_bytes)
{
	struct mw_frame_walk walk = { .stack = stack };
	uint32_t line_idx;
	char name[600];
	size_t used = 0;
	out[0] = '\0';
	for (unsigned i = 0; mw_profile_next_frame(profile, &walk, &line_idx); i++) {
		mw_functions_name(profile, &profile->lines.items[line_idx], name, sizeof(name));
		used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", i ? " < " : "",
			i < STACK_FRAMES ? name : "...");
		if (i == STACK_FRAMES || used >= out_bytes)
			return;
	}
}

/* Stacks whose frames have the same names here are rows of their own: they differ further out. */
static void collect_stacks(struct rows *rows, const struct mw_profile *profile)
{
	char name[2600];
	for (size_t i = 0; i < profile->sites.n; i++) {
		const struct mw_site *site = &profile->sites.items[i];
		if (site->class != MWD_CLASS_HEAP || site->owner_line == MW_NONE ||
			is_rest_site(profile, site))
			continue;
		name_stack(profile, site->stack, name, sizeof(name));
		add_row(rows, name, &site->sums);
	}
}

static void collect_processes(struct rows *rows, const struct mw_view *view)
{
	char command[400], name[440];
	for (size_t i = 0; i < view->processes.rows.n; i++) {
		const struct mw_process_row *row = &view->processes.rows.items[i];
		if (row->image_idx == MW_NONE)
			continue;
		mw_processes_command(&view->profile, row, command, sizeof(command));
		snprintf(name, sizeof(name), "%d %s", (int)row->pid, command);
		struct mw_sums sums = image_sums(&view->profile.images.items[row->image_idx]);
		add_row(rows, name, &sums);
	}
}

static void collect_commands(struct rows *rows, const struct mw_profile *profile)
{
	size_t n = profile->strings.texts.n;
	struct mw_sums *sums = calloc(n + 1, sizeof(*sums));
	rows->has_failed |= !sums;
	for (size_t i = 0; sums && i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		struct mw_sums shown = image_sums(image);
		mw_sums_add(&sums[image->program], &shown);
	}
	for (uint32_t program = 0; sums && program <= n; program++)
		add_row(rows, program ? mw_profile_text(profile, program) : "?", &sums[program]);
	free(sums);
}

/* The innermost region around each stack. */
static void collect_tasks(struct rows *rows, const struct mw_profile *profile)
{
	size_t n = profile->regions.n;
	struct mw_sums *sums = calloc(n + 1, sizeof(*sums));
	rows->has_failed |= !sums;
	for (size_t i = 0; sums && i < profile->sites.n; i++) {
		const struct mw_site *site = &profile->sites.items[i];
		uint32_t region = profile->stacks.items[site->stack].region;
		uint32_t position = profile->stacks.items[region].position_idx;
		uint64_t at = region ? profile->positions.items[position].value : n;
		if (site->class == MWD_CLASS_HEAP && !is_rest_site(profile, site))
			mw_sums_add(&sums[at < n ? at : n], &site->sums);
	}
	for (size_t at = 0; sums && at <= n; at++)
		add_row(rows,
			at < n ? mw_profile_text(profile, profile->regions.items[at].name)
			       : "(no task)",
			&sums[at]);
	free(sums);
}

static void collect_classes(struct rows *rows, const struct mw_profile *profile)
{
	static const char *const names[MWD_N_CLASSES] = { [MWD_CLASS_HEAP] = "heap",
		[MWD_CLASS_ANON] = "anonymous mappings",
		[MWD_CLASS_FILE] = "file mappings" };
	for (unsigned class = 0; class < MWD_N_CLASSES; class ++) {
		struct mw_sums sums = profile->sums[class];
		for (unsigned rest = 0; rest < MW_N_RESTS; rest++) {
			const struct mw_sums *not_shown =
				mw_profile_rest(profile, (enum mw_rest)rest, class);
			if (not_shown)
				mw_sums_subtract(&sums, not_shown);
		}
		add_row(rows, names[class], &sums);
	}
}

static void collect(struct rows *rows, const struct mw_view *view, enum mw_by by)
{
	const struct mw_profile *profile = &view->profile;
	char name[80];
	switch (by) {
	case MW_BY_LINE:
		collect_lines(rows, profile);
		break;
	case MW_BY_FUNCTION:
		collect_owned(rows, profile, profile->functions.n, function_of, function_name);
		break;
	case MW_BY_MODULE:
		collect_owned(rows, profile, profile->modules.n, module_of, module_name);
		break;
	case MW_BY_STACK:
		collect_stacks(rows, profile);
		break;
	case MW_BY_PROCESS:
		collect_processes(rows, view);
		return;
	case MW_BY_COMMAND:
		collect_commands(rows, profile);
		return;
	case MW_BY_TASK:
		collect_tasks(rows, profile);
		break;
	case MW_BY_CLASS:
		collect_classes(rows, profile);
		return;
	default:
		return;
	}
	if (by != MW_BY_TASK) /* it has all sites */
		add_row(rows, "[unattributed]", &profile->unattributed[MWD_CLASS_HEAP]);
	const char *rest = mw_sampled_rest_name(profile);
	snprintf(name, sizeof(name), "[%s]", rest ? rest : "");
	if (rest)
		add_row(rows, name, &profile->unstacked[MWD_CLASS_HEAP]);
}

/* What is not shown, of the classes that the table has. */
static struct mw_sums rest_sums(const struct mw_profile *profile, enum mw_by by, enum mw_rest rest)
{
	struct mw_sums sums = { 0 };
	unsigned n_classes = by == MW_BY_CLASS ? MWD_N_CLASSES : 1;
	_Static_assert(MWD_CLASS_HEAP == 0, "the first class");
	for (unsigned class = 0; class < n_classes; class ++)
		mw_sums_add(&sums, mw_profile_rest(profile, rest, class));
	return sums;
}

/* For qsort(), which takes no context. */
static enum mw_column_id sort_column;

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int64_t a_value = mw_columns[sort_column].get(&a->sums);
	int64_t b_value = mw_columns[sort_column].get(&b->sums);
	if (a_value != b_value)
		return a_value > b_value ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void print_row(struct mw_text *text, const struct mw_by_request *request,
	const struct mw_sums *sums, const char *name)
{
	unsigned taken = (unsigned)request->n_fields * NUMBER_COLUMNS + 1;
	for (size_t i = 0; i < request->n_fields; i++) {
		const struct mw_column *column = &mw_columns[request->fields[i]];
		char size[MW_FORMAT_BYTES];
		if (column->unit == MW_UNIT_BYTES)
			fprintf(text->out, "%11s ", mw_format_size(size, column->get(sums)));
		else
			fprintf(text->out, "%11" PRId64 " ", column->get(sums));
	}
	fputc(' ', text->out);
	mw_text_last_cell(
		text, name, text->width > taken + 20 ? text->width - taken : 20, mw_format_cut);
}

static void print_rows(struct mw_text *text, const struct rows *rows, const struct mw_view *view,
	const struct mw_by_request *request)
{
	const char *kind = mw_by_kinds[request->by].name;
	size_t top = view->top;
	struct mw_sums rest = { 0 }, total = { 0 };
	char name[80];
	for (size_t i = 0; i < request->n_fields; i++)
		fprintf(text->out, "%11s ", mw_columns[request->fields[i]].title);
	fprintf(text->out, " %s\n", kind);
	for (size_t i = 0; i < rows->items.n; i++) {
		const struct row *row = &rows->items.items[i];
		mw_sums_add(&total, &row->sums);
		if (i < top)
			print_row(text, request, &row->sums, row->name);
		else
			mw_sums_add(&rest, &row->sums);
	}
	if (rows->items.n > top) {
		snprintf(name, sizeof(name), "... and %zu more", rows->items.n - top);
		print_row(text, request, &rest, name);
	}
	for (enum mw_rest at = 0; at < MW_N_RESTS; at++) {
		if (!view->profile.rest_lines[at])
			continue;
		struct mw_sums not_shown = rest_sums(&view->profile, request->by, at);
		mw_sums_add(&total, &not_shown);
		print_row(text, request, &not_shown, mw_rest_names[at]);
	}
	print_row(text, request, &total, "sum");
}

void mw_by_render(
	struct mw_text *text, const struct mw_view *view, const struct mw_by_request *request)
{
	struct mw_by_request complete = *request;
	struct rows rows = { 0 };
	if (complete.n_fields == 0) {
		complete.n_fields = sizeof(usual_fields) / sizeof(usual_fields[0]);
		memcpy(complete.fields, usual_fields, sizeof(usual_fields));
	}
	sort_column = complete.has_sort ? complete.sort : complete.fields[0];
	collect(&rows, view, complete.by);
	if (rows.items.n > 1)
		qsort(rows.items.items, rows.items.n, sizeof(struct row), compare_rows);
	text->has_failed |= rows.has_failed;
	if (!rows.has_failed)
		print_rows(text, &rows, view, &complete);
	for (size_t i = 0; i < rows.items.n; i++)
		free(rows.items.items[i].name);
	mw_array_deinit(&rows.items);
}
