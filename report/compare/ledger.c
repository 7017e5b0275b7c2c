/* SPDX: no licence chosen yet, see README */
/*
 * ledger.c - profile -> ledger. See ledger.h.
 */
#include "report/compare/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "report/ingest/source.h"
#include "report/model/columns.h"
#include "report/model/sampled.h"
#include "report/util/format.h"

const char *const mw_ledger_kind_names[MW_LEDGER_N_KINDS] = {
	[MW_LEDGER_TREE] = "tree",
	[MW_LEDGER_PROCESS] = "process",
	[MW_LEDGER_FUNCTION] = "function",
	[MW_LEDGER_TASK] = "task",
	[MW_LEDGER_LINE] = "line",
};

const char *const mw_ledger_value_names[MW_LEDGER_N_VALUES] = {
	[MW_LEDGER_AT_PEAK] = "at-peak",
	[MW_LEDGER_PEAK] = "peak",
	[MW_LEDGER_LEAKED] = "leaked",
	[MW_LEDGER_TOTAL] = "total",
	[MW_LEDGER_COUNT] = "count",
	[MW_LEDGER_RSS] = "rss",
};

struct builder {
	struct mw_ledger *ledger;
	const struct mw_view *view;
	struct mw_open_source source;
	int error;
};

static uint32_t intern(struct builder *builder, const char *text)
{
	uint32_t id = 0;
	int error = text && *text
			    ? mw_strings_intern(&builder->ledger->strings, text, strlen(text), &id)
			    : 0;
	builder->error = builder->error ? builder->error : error;
	return id;
}

static struct mw_ledger_row *add_row(struct builder *builder, enum mw_ledger_kind kind)
{
	static struct mw_ledger_row nowhere;
	struct mw_ledger_row *row = mw_array_push(&builder->ledger->rows);
	if (!row) {
		builder->error = -ENOMEM;
		return &nowhere;
	}
	row->kind = kind;
	for (size_t i = 0; i < MW_LEDGER_N_VALUES; i++)
		row->values[i] = MW_LEDGER_UNKNOWN;
	return row;
}

static void set_sums(struct mw_ledger_row *row, const struct mw_sums *sums)
{
	row->values[MW_LEDGER_AT_PEAK] = sums->peak_bytes[MWD_PEAK_TREE_HEAP];
	row->values[MW_LEDGER_LEAKED] = mw_sums_live_bytes(sums);
	row->values[MW_LEDGER_TOTAL] = (int64_t)sums->allocated_bytes;
	row->values[MW_LEDGER_COUNT] = (int64_t)sums->allocated_blocks;
}

static void add_tree(struct builder *builder)
{
	const struct mw_profile *profile = &builder->view->profile;
	struct mw_ledger_row *row = add_row(builder, MW_LEDGER_TREE);
	set_sums(row, &profile->sums[MWD_CLASS_HEAP]);
	row->values[MW_LEDGER_PEAK] = profile->tree_heap_peak_bytes;
	int64_t rss = 0;
	for (size_t i = 0; i < profile->runs.n; i++)
		rss = mw_plus(rss, profile->runs.items[i].info.rss_peak_bytes);
	row->values[MW_LEDGER_RSS] = rss > 0 ? rss : MW_LEDGER_UNKNOWN;
}

static void raise(int64_t *highest, int64_t value)
{
	if (value > *highest)
		*highest = value;
}

static void add_processes(struct builder *builder)
{
	const struct mw_profile *profile = &builder->view->profile;
	const struct mw_processes *processes = &builder->view->processes;
	/* By program: its row's index + 1. */
	uint32_t *row_of = calloc(profile->strings.texts.n + 2, sizeof(*row_of));
	if (!row_of)
		builder->error = -ENOMEM;
	for (size_t i = 0; row_of && !builder->error && i < processes->rows.n; i++) {
		const struct mw_process_row *process = &processes->rows.items[i];
		if (process->image_idx == MW_NONE || process->is_silent)
			continue;
		const struct mw_image *image = &profile->images.items[process->image_idx];
		const struct mw_sums *sums = &image->sums[MWD_CLASS_HEAP];
		uint32_t *place = &row_of[image->program];
		struct mw_ledger_row *row = *place ? &builder->ledger->rows.items[*place - 1]
						   : add_row(builder, MW_LEDGER_PROCESS);
		if (*place == 0) {
			*place = (uint32_t)builder->ledger->rows.n;
			row->function = intern(builder, mw_profile_text(profile, image->program));
			memset(row->values, 0, sizeof(row->values));
		}
		row->values[MW_LEDGER_AT_PEAK] += sums->peak_bytes[MWD_PEAK_TREE_HEAP];
		row->values[MW_LEDGER_LEAKED] += mw_sums_live_bytes(sums);
		row->values[MW_LEDGER_TOTAL] += (int64_t)sums->allocated_bytes;
		row->values[MW_LEDGER_COUNT] += (int64_t)sums->allocated_blocks;
		raise(&row->values[MW_LEDGER_PEAK], process->heap_peak_bytes);
		raise(&row->values[MW_LEDGER_RSS], process->rss_peak_bytes);
	}
	free(row_of);
}

/* Module, function and file of a row. @address: of code without symbols. */
static void name_row(struct builder *builder, struct mw_ledger_row *row,
	const struct mw_function *function, uint64_t address)
{
	const struct mw_profile *profile = &builder->view->profile;
	const struct mw_module *module = function->module_idx == MW_NONE
						 ? NULL
						 : &profile->modules.items[function->module_idx];
	const char *file = mw_profile_text(profile, function->file);
	const char *path = module ? mw_profile_text(profile, module->path) : NULL;
	const char *base = path ? mw_format_basename(path) : "";
	row->module = intern(builder, base);
	row->file = intern(builder, file ? mw_format_basename(file) : NULL);
	row->path = intern(builder, file);
	if (function->has_symbol || !module || row->kind == MW_LEDGER_FUNCTION) {
		row->function = intern(builder, mw_profile_text(profile, function->name));
		return;
	}
	char text[600], build_id[2 * sizeof(module->build_id) + 1] = "";
	snprintf(text, sizeof(text), "%.500s+0x%" PRIx64, base, address);
	for (size_t i = 0; i < module->build_id_bytes; i++)
		snprintf(build_id + 2 * i, 3, "%02x", module->build_id[i]);
	row->function = intern(builder, text);
	row->build_id = intern(builder, build_id);
}

static bool has_numbers(const struct mw_sums *sums)
{
	return sums->allocated_blocks || sums->freed_blocks;
}

static void add_functions(struct builder *builder)
{
	const struct mw_profile *profile = &builder->view->profile;
	for (size_t i = 0; !builder->error && i < profile->functions.n; i++) {
		const struct mw_function *function = &profile->functions.items[i];
		const struct mw_sums *sums = &function->through[MWD_CLASS_HEAP];
		if (!has_numbers(sums) || function->is_region)
			continue;
		struct mw_ledger_row *row = add_row(builder, MW_LEDGER_FUNCTION);
		name_row(builder, row, function, 0);
		set_sums(row, sums);
		row->values[MW_LEDGER_PEAK] = (int64_t)sums->max_total_bytes;
	}
}

/* By name: what a pattern adds to the report's tasks is functions and processes here. */
static void add_tasks(struct builder *builder)
{
	const struct mw_tasks *tasks = &builder->view->tasks;
	for (size_t i = 0; !builder->error && i < tasks->rows.n; i++) {
		const struct mw_task *task = &tasks->rows.items[i];
		if (task->kind != MW_TASK_REGION && task->kind != MW_TASK_MARK)
			continue;
		struct mw_ledger_row *row = add_row(builder, MW_LEDGER_TASK);
		row->function = intern(builder, task->name);
		if (task->has_sums)
			set_sums(row, &task->sums[MWD_CLASS_HEAP]);
		if (task->peak_bytes != MW_TASK_UNKNOWN)
			row->values[MW_LEDGER_PEAK] = task->peak_bytes;
		if (task->rss_peak_bytes != MW_TASK_UNKNOWN)
			row->values[MW_LEDGER_RSS] = task->rss_peak_bytes;
	}
}

static const char *source_text(struct builder *builder, uint32_t file, uint32_t line)
{
	const struct mw_profile *profile = &builder->view->profile;
	const char *text = NULL;
	int error = builder->view->wants_source
			    ? mw_open_source_line(&builder->source, mw_profile_text(profile, file),
				      mw_profile_owner(profile), line, &text)
			    : 0;
	builder->error = builder->error ? builder->error : error;
	return text;
}

/* What is at no line, so that lines add up to the tree. */
static void add_rest(struct builder *builder, const char *what, const struct mw_sums *sums)
{
	char name[80];
	if (!has_numbers(sums))
		return;
	struct mw_ledger_row *row = add_row(builder, MW_LEDGER_LINE);
	snprintf(name, sizeof(name), "[%s]", what);
	row->function = intern(builder, name);
	set_sums(row, sums);
}

static void add_lines(struct builder *builder)
{
	const struct mw_profile *profile = &builder->view->profile;
	for (size_t i = 0; !builder->error && i < profile->lines.n; i++) {
		const struct mw_line *line = &profile->lines.items[i];
		const struct mw_function *function = &profile->functions.items[line->function_idx];
		if (!has_numbers(&line->owned[MWD_CLASS_HEAP]))
			continue;
		struct mw_ledger_row *row = add_row(builder, MW_LEDGER_LINE);
		name_row(builder, row, function, line->address);
		row->line = line->line;
		row->text = intern(builder, source_text(builder, function->file, line->line));
		set_sums(row, &line->owned[MWD_CLASS_HEAP]);
	}
	mw_open_source_close(&builder->source);
	add_rest(builder, "unattributed", &profile->unattributed[MWD_CLASS_HEAP]);
	if (mw_sampled_rest_name(profile))
		add_rest(builder, mw_sampled_rest_name(profile),
			&profile->unstacked[MWD_CLASS_HEAP]);
}

int mw_ledger_build(struct mw_ledger *ledger, const struct mw_view *view)
{
	struct builder builder = { .ledger = ledger, .view = view };
	const struct mw_profile *profile = &view->profile;
	memset(ledger, 0, sizeof(*ledger));
	if (profile->runs.n > 0)
		ledger->command = intern(&builder, profile->runs.items[0].info.command);
	add_tree(&builder);
	add_processes(&builder);
	add_functions(&builder);
	add_tasks(&builder);
	add_lines(&builder);
	return builder.error;
}

void mw_ledger_deinit(struct mw_ledger *ledger)
{
	mw_strings_deinit(&ledger->strings);
	mw_array_deinit(&ledger->rows);
}

const char *mw_ledger_text(const struct mw_ledger *ledger, uint32_t string_id)
{
	const char *text = mw_strings_get(&ledger->strings, string_id);
	return text ? text : "";
}
