/* SPDX: no licence chosen yet, see README */
/*
 * html_processes.c - the process tree, parents before children, and the blind spots in the words
 * of the text report. See html.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/html/parts.h"
#include "report/render/text.h"

#define MAX_COMMAND 2000 /* of a linker it can be megabytes */

static const struct mw_job_process *job_process(const struct mw_view *view, uint32_t row_idx)
{
	return &view->job.processes.items[view->job.places[row_idx]];
}

/* The end that is known, else when the launcher saw it last, else the end of the run. */
static void put_end_us(struct mw_html *page, const struct mw_process_row *row)
{
	const struct mw_run *run = &page->view->profile.runs.items[row->run_idx];
	double seen = row->seen ? row->seen->last_seen_seconds : 0;
	if (!row->end_ns && !(seen > 0 && seen < 1e9))
		seen = run->info.duration_seconds;
	if (row->end_ns)
		mw_html_put_us(page, "end_us", run, row->end_ns);
	else
		mw_json_put_int(
			&page->json, "end_us", seen > 0 && seen < 1e9 ? (int64_t)(seen * 1e6) : -1);
}

static void put_command(struct mw_html *page, uint32_t row_idx)
{
	const char *command = job_process(page->view, row_idx)->command;
	char cut[MAX_COMMAND + 8];
	if (command && strlen(command) > MAX_COMMAND) {
		snprintf(cut, sizeof(cut), "%.*s ...", MAX_COMMAND, command);
		command = cut;
	}
	mw_html_put_string(page, "command", command);
}

static void put_row(struct mw_html *page, uint32_t row_idx, const uint32_t *places)
{
	const struct mw_view *view = page->view;
	const struct mw_process_row *row = &view->processes.rows.items[row_idx];
	const struct mw_run *run = &view->profile.runs.items[row->run_idx];
	struct mw_json_writer *json = &page->json;
	char end[32], name[512];
	mw_json_open_object(json, NULL);
	mw_json_put_int(json, "run", row->run_idx);
	mw_json_put_int(json, "pid", row->pid);
	mw_json_put_int(
		json, "parent", row->parent == MW_NONE ? -1 : (int64_t)places[row->parent] - 1);
	mw_json_put_int(json, "replaced",
		row->previous == MW_NONE ? -1 : (int64_t)places[row->previous] - 1);
	mw_processes_command(&view->profile, row, name, sizeof(name));
	name[strcspn(name, " ")] = '\0';
	mw_html_put_string(page, "name", name);
	put_command(page, row_idx);
	mw_json_put_bool(json, "is_followed", !mw_processes_is_unfollowed(row));
	mw_json_put_int(json, "heap", row->image_idx == MW_NONE ? -1 : row->heap_peak_bytes);
	mw_json_put_int(json, "rss", row->rss_peak_bytes);
	mw_json_put_bool(json, "is_rss_exact", row->is_rss_exact);
	mw_json_put_int(json, "at_peak", row->image_idx == MW_NONE ? -1 : row->at_tree_peak_bytes);
	mw_html_put_string(page, "end", mw_text_process_end(row, end, sizeof(end)));
	mw_html_put_us(page, "start_us", run, row->start_ns);
	put_end_us(page, row);
	mw_json_put_int(json, "image", row->image_idx == MW_NONE ? -1 : (int64_t)row->image_idx);
	mw_json_close(json);
}

/* @places: row -> its index in the page + 1; 0 = filtered out, so the tree skips it. */
static int put_tree(struct mw_html *page)
{
	const struct mw_view *view = page->view;
	const struct mw_processes *processes = &view->processes;
	uint32_t *places = calloc(processes->rows.n + 1, sizeof(*places)), n = 0;
	if (!places)
		return -ENOMEM;
	mw_json_open_array(&page->json, "processes");
	for (size_t i = 0; i < processes->rows.n; i++) {
		if (!job_process(view, processes->order[i])->is_hidden)
			places[processes->order[i]] = ++n;
	}
	for (size_t i = 0; i < processes->rows.n; i++) {
		if (places[processes->order[i]])
			put_row(page, processes->order[i], places);
	}
	mw_json_close(&page->json);
	mw_json_put_int(&page->json, "n_hidden", (int64_t)(processes->rows.n - n));
	free(places);
	return 0;
}

/* Parts of the text report, an item a line. */
struct words {
	struct mw_text text;
	char *bytes; /* owned */
	size_t n_bytes;
};

static bool words_open(struct words *words)
{
	*words = (struct words){ .text = { .width = 1000, .has_whole_items = true } };
	words->text.out = open_memstream(&words->bytes, &words->n_bytes);
	return words->text.out != NULL;
}

/* Whether all is there. Without memory fclose() leaves NULL, and calls it a success. */
static bool words_close(struct words *words)
{
	bool is_whole = !words->text.has_failed && !ferror(words->text.out);
	return fclose(words->text.out) == 0 && is_whole && words->bytes;
}

/* The tree's own peak against the sum of the lines, where they differ. */
static int put_difference(struct mw_html *page)
{
	struct words words;
	if (!words_open(&words))
		return -ENOMEM;
	mw_text_difference(&words.text, &page->view->profile);
	bool is_whole = words_close(&words);
	if (is_whole)
		words.bytes[strcspn(words.bytes, "\n")] = '\0';
	mw_json_put_text(&page->json, "difference", is_whole ? words.bytes : NULL);
	free(words.bytes);
	return is_whole ? 0 : -ENOMEM;
}

static void put_items(struct mw_json_writer *json, char *items)
{
	char *save = NULL;
	for (char *item = strtok_r(items, "\n", &save); item; item = strtok_r(NULL, "\n", &save)) {
		if (item[0] == ' ') /* else the heading */
			mw_json_put_text(json, NULL, item + strspn(item, " "));
	}
}

static int put_blind_spots(struct mw_html *page)
{
	struct words words;
	if (!words_open(&words))
		return -ENOMEM;
	mw_text_tail(&words.text, page->view);
	bool is_whole = words_close(&words);
	mw_json_open_array(&page->json, "blind_spots");
	if (is_whole)
		put_items(&page->json, words.bytes);
	mw_json_close(&page->json);
	free(words.bytes);
	return is_whole ? 0 : -ENOMEM;
}

int mw_html_processes(struct mw_html *page)
{
	int error = put_tree(page);
	if (!error)
		error = put_difference(page);
	return error ? error : put_blind_spots(page);
}
