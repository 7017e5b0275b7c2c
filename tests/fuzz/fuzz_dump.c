/* SPDX: no licence chosen yet, see README */
/*
 * fuzz_dump.c - any bytes as run.mwd, the whole way to text and JSON. Not only must nothing crash:
 * sums add up whatever the counters say, the text has no control bytes, the JSON is JSON.
 *
 * Input: the sparse form (sparse.h). The mutator knows that pages begin with headers and that the
 * file consists of little-endian words.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare/diff.h"
#include "report/export/export.h"
#include "report/html/html.h"
#include "report/model/selection.h"
#include "report/render/json_report.h"
#include "report/render/text.h"
#include "report/render/text_by.h"
#include "report/util/json.h"
#include "tests/fuzz/sparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n_bytes, size_t max_bytes, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t n_bytes, size_t max_bytes);
const char *__wrap_mw_symbol_elf_open(void);

const char *__wrap_mw_symbol_elf_open(void)
{
	return "no such file";
}

static void must(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "fuzz_dump: %s\n", what);
	abort();
}

/* What is added: all but the maximum and the variances, of which sums depend on the order. */
static bool is_equal(const struct mw_sums *a, const struct mw_sums *b)
{
	return memcmp(a, b, offsetof(struct mw_sums, max_total_bytes)) == 0 &&
	       memcmp(a->peak_bytes, b->peak_bytes, sizeof(a->peak_bytes)) == 0 &&
	       memcmp(a->peak_blocks, b->peak_blocks, sizeof(a->peak_blocks)) == 0;
}

/* Sum of owned + unattributed + without stack = sum of records, for every counter. */
static void check_sums(const struct mw_profile *profile, unsigned class)
{
	struct mw_sums lines = profile->unattributed[class], sites = { 0 }, images = { 0 };
	for (size_t i = 0; i < profile->lines.n; i++)
		mw_sums_add(&lines, &profile->lines.items[i].owned[class]);
	for (size_t i = 0; i < profile->sites.n; i++)
		if (profile->sites.items[i].class == class)
			mw_sums_add(&sites, &profile->sites.items[i].sums);
	for (size_t i = 0; i < profile->images.n; i++)
		mw_sums_add(&images, &profile->images.items[i].sums[class]);
	mw_sums_add(&lines, &profile->unstacked[class]);
	mw_sums_add(&sites, &profile->unstacked[class]);
	must(is_equal(&lines, &profile->sums[class]), "lines do not add up");
	must(is_equal(&sites, &profile->sums[class]), "sites do not add up");
	must(is_equal(&images, &profile->sums[class]), "images do not add up");
}

static void render_json(const struct mw_view *view)
{
	char *json = NULL;
	size_t n_bytes = 0;
	FILE *out = open_memstream(&json, &n_bytes);
	must(mw_json_report_render(out, view) == 0, "no JSON was made");
	fclose(out);
	int error;
	struct mw_json *document = mw_json_parse(json, n_bytes, &error);
	must(document != NULL, "the JSON is none");
	mw_json_destroy(document);
	free(json);
}

static void render_text(const struct mw_view *view,
	void (*render)(struct mw_text *text, const struct mw_view *view))
{
	char *report = NULL;
	size_t n_bytes = 0;
	struct mw_text text = {
		.out = open_memstream(&report, &n_bytes), .width = 80, .precision = 1
	};
	render(&text, view);
	fclose(text.out);
	for (size_t i = 0; i < n_bytes; i++)
		must(report[i] == '\n' || (unsigned char)report[i] >= ' ', "control byte in text");
	free(report);
}

static void export_all(const struct mw_view *view)
{
	for (size_t i = 0; i < mw_export_n_formats; i++) {
		struct mw_export_options options = { .value = &mw_export_values[0],
			.threshold_pct = 1,
			.image_idx = MW_NONE,
			.is_per_process = i % 2 };
		bool is_long = view->profile.sums[MWD_CLASS_HEAP].allocated_blocks > 100000;
		if (mw_export_formats[i].is_file_per_process && is_long)
			continue; /* a line an allocation */
		FILE *out = fopen("/dev/null", "we");
		int error = mw_export_formats[i].write(out, view, &options);
		must(error == 0 || error == -ERANGE || error == -EFBIG, mw_export_formats[i].name);
		fclose(out);
	}
}

static void write_page(const struct mw_view *view)
{
	FILE *out = fopen("/dev/null", "we");
	must(mw_html_write_data(out, view) == 0, "the page's data");
	fclose(out);
}

/* The run with itself: no row has changed. */
static void compare(const struct mw_view *view)
{
	struct mw_ledger ledgers[2] = { 0 };
	struct mw_matches matches = { 0 };
	for (unsigned i = 0; i < 2; i++)
		must(mw_ledger_build(&ledgers[i], view) == 0, "ledger");
	must(mw_match_ledgers(&matches, &ledgers[0], &ledgers[1]) == 0, "match");
	for (size_t i = 0; i < matches.items.n; i++)
		for (unsigned value = 0; value < MW_LEDGER_N_VALUES; value++)
			must(mw_match_change(&matches.items.items[i], value) == 0, "a change");
	mw_matches_deinit(&matches);
	mw_ledger_deinit(&ledgers[0]);
	mw_ledger_deinit(&ledgers[1]);
}

/* --process, --module or both; 0 = neither. */
static void select_some(struct mw_view *view, unsigned which)
{
	struct mw_diag diag = { "" };
	struct mw_regex *process = mw_regex_create("[a-m]$", &diag);
	struct mw_regex *module = mw_regex_create("l", &diag);
	struct mw_selection selection = { which & 1 ? process : NULL, which & 2 ? module : NULL };
	size_t n_given_up;
	must(mw_selection_apply(&selection, &view->profile, &view->processes, &n_given_up) == 0,
		"select");
	mw_regex_destroy(process);
	mw_regex_destroy(module);
}

static void render_tables(struct mw_text *text, const struct mw_view *view)
{
	for (enum mw_by by = MW_BY_LINE; by < MW_N_BY; by++)
		mw_by_render(text, view, &(struct mw_by_request){ .by = by });
}

static void report(struct mw_view *view, unsigned selected)
{
	struct mw_diag diag;
	struct mw_regex *any = mw_regex_create(".", &diag);
	must(mw_profile_merge(&view->profile) == 0, "merge");
	must(mw_profile_resolve(&view->profile, "/nonexistent", NULL, NULL) == 0, "resolve");
	must(mw_processes_build(&view->profile, &view->processes) == 0, "processes");
	select_some(view, selected);
	must(mw_profile_aggregate(&view->profile) == 0, "aggregate");
	must(mw_tasks_build(&view->profile, &view->processes, any, &view->tasks) == 0, "tasks");
	view->is_task_wanted = true;
	must(mw_waste_build(&view->profile, &view->processes, &view->waste) == 0, "waste");
	must(mw_execs_build(&view->processes, &view->execs) == 0, "execs");
	struct mw_filter all = { 0 };
	must(mw_job_build(&view->profile, &view->processes, &all, &view->job) == 0, "job");
	must(mw_notes_collect(&view->notes, &view->profile) == 0, "notes");
	for (unsigned class = 0; class < MWD_N_CLASSES; class ++)
		check_sums(&view->profile, class);
	render_text(view, mw_text_render);
	render_text(view, mw_text_leaks);
	render_text(view, mw_peak_lines_render);
	render_text(view, render_tables);
	render_json(view);
	export_all(view);
	write_page(view);
	compare(view);
	mw_regex_destroy(any);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct mw_view view = { .top = 20, .wants_source = false };
	struct mw_run run = { 0 };
	struct mw_diag diag = { "" };
	size_t dump_bytes;
	uint8_t *dump = sparse_expand(bytes, n_bytes, &dump_bytes);
	int error =
		mw_dump_parse((struct mw_span){ dump, dump_bytes }, "run.mwd", &run.dump, &diag);
	must((error != 0) == (diag.text[0] != '\0'), "refused without a line");
	if (error) {
		mw_dump_deinit(&run.dump);
	} else {
		run.directory = strdup("/nonexistent/run");
		run.info_problem = mw_run_info_parse(NULL, 0, &run.info);
		must(mw_profile_add_run(&view.profile, &run) == 0, "add");
		report(&view, n_bytes ? bytes[n_bytes - 1] % 4 : 0);
	}
	mw_notes_deinit(&view.notes);
	mw_waste_deinit(&view.waste);
	mw_job_deinit(&view.job);
	mw_tasks_deinit(&view.tasks);
	mw_execs_deinit(&view.execs);
	mw_processes_deinit(&view.processes);
	mw_profile_deinit(&view.profile);
	free(dump);
	return 0;
}

/* One word of one page becomes a number that hurts. */
static void set_word(uint8_t *data, size_t n_bytes, unsigned seed)
{
	static const uint64_t nasty[] = { 0, 1, 2, UINT32_MAX, UINT64_MAX, INT64_MAX, INT64_MIN,
		SPARSE_PAGE, 2 * SPARSE_PAGE, UINT64_MAX - SPARSE_PAGE + 1, 0x5345474d };
	size_t n_pages = sparse_count(data, n_bytes), page_bytes = 0;
	uint8_t *page = n_pages ? sparse_page(data, n_bytes, seed % n_pages, &page_bytes) : NULL;
	unsigned choice = seed / 7919;
	/* Half of them near the page's start, where headers are. */
	size_t near = choice % 2 && page_bytes > 384 ? 384 : page_bytes;
	if (!page || near < 8)
		return;
	size_t at = (choice / 2 % near) & ~(size_t)3;
	uint64_t value = nasty[choice / 64 % (sizeof(nasty) / sizeof(nasty[0]))];
	if (choice / 16 % 4 == 0)
		value = (uint64_t)(choice / 64 % (n_pages + 1)) * SPARSE_PAGE;
	size_t n = choice / 4 % 3 == 0 && at + 8 <= page_bytes ? 8 : choice / 4 % 3 == 1 ? 4 : 2;
	if (at + n <= page_bytes)
		memcpy(page + at, &value, n);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n_bytes, size_t max_bytes, unsigned seed)
{
	if (seed % 3 == 0)
		return LLVMFuzzerMutate(data, n_bytes, max_bytes);
	for (unsigned i = 0; i <= seed % 4; i++)
		set_word(data, n_bytes, seed / 3 * 2654435761u + i * 40503u);
	return n_bytes;
}
