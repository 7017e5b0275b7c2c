/* SPDX: no licence chosen yet, see README */
/*
 * test_hostile.c - a dump cut at every page and damaged at random goes the whole way to text and
 * JSON without a crash. Built with address and undefined-behaviour sanitizers; the bytes end at
 * an unreadable page. Argument: how many random damages (default 300).
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "report/html/html.h"
#include "report/render/json_report.h"
#include "report/render/memwatch.h"
#include "report/model/selection.h"
#include "report/render/text.h"
#include "report/render/text_by.h"
#include "report/report.h"
#include "tests/unit/check.h"
#include "tests/unit/report/dump_builder.h"

static FILE *nowhere;

/* --process and --module, each of which leaves something out. */
static void select_some(struct mw_view *view)
{
	struct mw_diag diag = { "" };
	struct mw_regex *regex = mw_regex_create("[02468b]$", &diag);
	struct mw_selection selection = { regex, regex };
	size_t n_given_up;
	CHECK_NUMBER(
		mw_selection_apply(&selection, &view->profile, &view->processes, &n_given_up), 0);
	mw_regex_destroy(regex);
}

static void render(struct mw_view *view, bool is_selected)
{
	struct mw_text text = { .out = nowhere, .width = 80, .precision = 1 };
	struct mw_filter filter;
	struct mw_diag diag = { "" };
	CHECK_NUMBER(mw_profile_merge(&view->profile), 0);
	CHECK_NUMBER(mw_profile_resolve(&view->profile, NULL, NULL, NULL), 0);
	CHECK_NUMBER(mw_processes_build(&view->profile, &view->processes), 0);
	if (is_selected)
		select_some(view);
	CHECK_NUMBER(mw_profile_aggregate(&view->profile), 0);
	CHECK_NUMBER(mw_waste_build(&view->profile, &view->processes, &view->waste), 0);
	CHECK_NUMBER(mw_execs_build(&view->processes, &view->execs), 0);
	CHECK_NUMBER(mw_filter_init(&filter, "a|\\d", "b{3}", &diag), 0);
	CHECK_NUMBER(mw_job_build(&view->profile, &view->processes, &filter, &view->job), 0);
	CHECK_NUMBER(mw_notes_collect(&view->notes, &view->profile), 0);
	mw_text_render(&text, view);
	mw_text_leaks(&text, view);
	mw_peak_lines_render(&text, view);
	for (enum mw_by by = MW_BY_LINE; by < MW_N_BY; by++)
		mw_by_render(&text, view, &(struct mw_by_request){ .by = by });
	CHECK_NUMBER(mw_memwatch_text_render(&text, view), 0);
	mw_memwatch_seed_render(&text, view);
	CHECK_NUMBER(mw_memwatch_csv_render(nowhere, view), 0);
	CHECK_NUMBER(mw_memwatch_timeline_render(nowhere, view), 0);
	CHECK_NUMBER(mw_mprof_render(nowhere, view), 0);
	CHECK_NUMBER(mw_json_report_render(nowhere, view), 0);
	CHECK_NUMBER(mw_html_write_data(nowhere, view), 0);
	mw_filter_deinit(&filter);
}

/* Returns how many images were salvaged. */
static size_t report_selected(const struct mw_build *build, uint64_t n_bytes, bool is_selected)
{
	struct mw_view view = { .top = 20, .wants_source = true };
	struct mw_run run;
	struct mw_diag diag = { "" };
	size_t n_images = 0;
	int error = mw_build_run(build, n_bytes, &run, &diag);
	CHECK((error != 0) == (diag.text[0] != '\0'));
	if (error) {
		mw_run_close(&run);
		return 0;
	}
	CHECK_NUMBER(mw_profile_add_run(&view.profile, &run), 0);
	n_images = view.profile.images.n;
	render(&view, is_selected);
	mw_notes_deinit(&view.notes);
	mw_waste_deinit(&view.waste);
	mw_execs_deinit(&view.execs);
	mw_job_deinit(&view.job);
	mw_processes_deinit(&view.processes);
	mw_profile_deinit(&view.profile);
	return n_images;
}

static size_t report(const struct mw_build *build, uint64_t n_bytes)
{
	size_t n_images = report_selected(build, n_bytes, false);
	CHECK_NUMBER(report_selected(build, n_bytes, true), n_images);
	return n_images;
}

static void survives_truncation_at_every_page(const struct mw_build *build)
{
	size_t n_before = 0;
	for (uint64_t n_bytes = MWD_PAGE; n_bytes <= build->n_bytes; n_bytes += MWD_PAGE) {
		size_t n_images = report(build, n_bytes);
		CHECK(n_images >= n_before); /* a longer file never tells less */
		n_before = n_images;
	}
	CHECK_NUMBER(n_before, 4);
}

/* A small generator of our own, so that a failure can be repeated anywhere. */
static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33);
}

static void damage(struct mw_build *build, uint64_t *state)
{
	static const uint64_t nasty[] = { 0, 1, UINT32_MAX, UINT64_MAX, INT64_MAX, MWD_PAGE,
		UINT64_MAX - MWD_PAGE + 1, 0x5345474d };
	uint64_t n_hits = 1 + next_random(state) % 8;
	for (uint64_t i = 0; i < n_hits; i++) {
		/* Headers and images matter most: half of the hits go near a page's start. */
		uint64_t offset = next_random(state) % build->n_bytes;
		if (next_random(state) % 2)
			offset = offset / MWD_PAGE * MWD_PAGE + next_random(state) % 320;
		offset &= ~UINT64_C(7);
		if (offset < 16)
			continue; /* magic and version: refused, tested elsewhere */
		uint64_t value =
			next_random(state) % 3 ? nasty[next_random(state) % 8] : next_random(state);
		size_t n = next_random(state) % 2 ? 8 : 4;
		memcpy(build->bytes + offset, &value, n);
	}
}

static void survives_random_damage(const struct mw_build *sound, unsigned long n_rounds)
{
	uint64_t state = 2;
	state = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : state;
	for (unsigned long i = 0; i < n_rounds; i++) {
		struct mw_build build = { malloc(sound->n_bytes), sound->n_bytes };
		memcpy(build.bytes, sound->bytes, sound->n_bytes);
		damage(&build, &state);
		report(&build, 0);
		mw_build_free(&build);
	}
}

/* This program is built without the page, as where there is no npm: refused before any run. */
static void has_no_page(void)
{
	struct mw_report_options options;
	char problem[200];
	mw_report_options_init(&options);
	options.html_path = "/tmp/page.html";
	CHECK_NUMBER(mw_report_check(&options, problem, sizeof(problem)), -ENOTSUP);
	CHECK(strstr(problem, "--html: built without the page") != NULL);
}

int main(int argc, char **argv)
{
	struct mw_build build;
	nowhere = fopen("/dev/null", "w");
	has_no_page();
	mw_build_big(&build);
	survives_truncation_at_every_page(&build);
	survives_random_damage(&build, argc > 1 ? strtoul(argv[1], NULL, 10) : 300);
	mw_build_free(&build);
	fclose(nowhere);
	return mw_check_tally("report/hostile");
}
