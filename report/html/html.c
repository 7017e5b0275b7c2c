/* SPDX: no licence chosen yet, see README */
/*
 * html.c - the page: the template up to its mark, the data, the rest. See html.h.
 *
 * Names in the data are whatever the profiled programs were called, so the page must hold them
 * as text whatever they are: JSON escapes quotes and control bytes, and here '<' becomes \u003c,
 * without which no byte of the data can end the script element or open a comment. The page's own
 * policy runs no script but the one whose hash it names.
 */
#include "report/html/html.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/export/weights.h"
#include "report/html/parts.h"

#define MARK "@memwatch-data@"

bool mw_html_is_built(void)
{
	size_t n_bytes;
	return mw_html_template(&n_bytes) != NULL;
}

void mw_html_put_string(struct mw_html *page, const char *key, const char *text)
{
	uint32_t id = 0;
	if (text && text[0] && mw_strings_intern(&page->strings, text, strlen(text), &id))
		page->json.has_failed = true;
	mw_json_put_int(&page->json, key, id);
}

uint32_t mw_html_frame(struct mw_html *page, uint32_t line_idx)
{
	const struct mw_profile *profile = &page->view->profile;
	uint32_t function_idx = profile->lines.items[line_idx].function_idx;
	bool has_symbol = profile->functions.items[function_idx].has_symbol;
	uint32_t *frame = has_symbol ? &page->frame_of_function[function_idx]
				     : &page->frame_of_line[line_idx];
	if (*frame)
		return *frame - 1;
	uint32_t *added = mw_array_push(&page->frames);
	if (!added) {
		page->json.has_failed = true;
		return MW_HTML_FRAME_ROOT;
	}
	*added = line_idx;
	*frame = (uint32_t)page->frames.n;
	return *frame - 1;
}

void mw_html_put_us(struct mw_html *page, const char *key, const struct mw_run *run, int64_t at_ns)
{
	int64_t since_ns = mw_minus(at_ns, run->dump.control.start_monotonic_ns);
	mw_json_put_int(&page->json, key, at_ns ? since_ns / 1000 : -1);
}

static int open_frames(struct mw_html *page)
{
	const struct mw_profile *profile = &page->view->profile;
	page->frame_of_function = calloc(profile->functions.n + 1, sizeof(uint32_t));
	page->frame_of_line = calloc(profile->lines.n + 1, sizeof(uint32_t));
	if (!page->frame_of_function || !page->frame_of_line)
		return -ENOMEM;
	for (unsigned i = 0; i < MW_HTML_N_FRAMES; i++)
		if (!mw_array_push(&page->frames))
			return -ENOMEM;
	return 0;
}

/* Their names are those of the functions; these three have none. */
static const char *const special_names[MW_HTML_N_FRAMES] = { "all", MW_EXPORT_UNATTRIBUTED,
	"[smaller]" };

static void put_frame_names(struct mw_html *page)
{
	char name[MW_EXPORT_NAME_BYTES];
	mw_json_open_array(&page->json, "name");
	for (size_t i = 0; i < page->frames.n; i++)
		mw_html_put_string(page, NULL,
			i < MW_HTML_N_FRAMES ? special_names[i]
					     : mw_weights_frame_name(&page->view->profile,
						       page->frames.items[i], name));
	mw_json_close(&page->json);
}

enum frame_part { FRAME_FILE, FRAME_MODULE, FRAME_IS_LIBRARY };

static void put_frame_part(struct mw_html *page, size_t frame, enum frame_part part)
{
	const struct mw_profile *profile = &page->view->profile;
	const struct mw_line *line = &profile->lines.items[page->frames.items[frame]];
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	const char *module = function->module_idx == MW_NONE
				     ? NULL
				     : mw_profile_text(profile,
					       profile->modules.items[function->module_idx].path);
	if (part == FRAME_IS_LIBRARY)
		mw_json_put_int(&page->json, NULL, function->is_library);
	else
		mw_html_put_string(page, NULL,
			part == FRAME_FILE ? mw_profile_text(profile, function->file) : module);
}

static void put_frames(struct mw_html *page)
{
	static const char *const keys[] = { "file", "module", "is_library" };
	mw_json_open_object(&page->json, "frames");
	put_frame_names(page);
	for (unsigned part = FRAME_FILE; part <= FRAME_IS_LIBRARY; part++) {
		mw_json_open_array(&page->json, keys[part]);
		for (size_t i = 0; i < page->frames.n; i++) {
			if (i < MW_HTML_N_FRAMES)
				mw_json_put_int(&page->json, NULL, 0);
			else
				put_frame_part(page, i, (enum frame_part)part);
		}
		mw_json_close(&page->json);
	}
	mw_json_close(&page->json);
}

static void put_strings(struct mw_html *page)
{
	mw_json_open_array(&page->json, "strings");
	mw_json_put_text(&page->json, NULL, "");
	for (uint32_t id = 1; id <= page->strings.texts.n; id++)
		mw_json_put_text(&page->json, NULL, mw_strings_get(&page->strings, id));
	mw_json_close(&page->json);
}

static int put_data(struct mw_html *page)
{
	int error = open_frames(page);
	mw_json_open_object(&page->json, NULL);
	mw_json_put_text(&page->json, "version", MEMWATCH_VERSION);
	if (!error)
		error = mw_html_runs(page);
	if (!error)
		error = mw_html_processes(page);
	if (!error)
		error = mw_html_tasks(page);
	if (!error)
		error = mw_html_lines(page);
	if (!error)
		error = mw_html_flame(page);
	if (!error) {
		put_frames(page);
		put_strings(page);
	}
	mw_json_close(&page->json);
	return error ? error : page->json.has_failed ? -ENOMEM : 0;
}

/* Whole in memory: '<' can be anywhere. */
static int make_data(const struct mw_view *view, char **data_out, size_t *n_bytes_out)
{
	struct mw_html page = { .view = view };
	page.json.out = open_memstream(data_out, n_bytes_out);
	if (!page.json.out)
		return -ENOMEM;
	int error = put_data(&page);
	/* Without memory fclose() leaves NULL, and calls it a success. */
	if ((fclose(page.json.out) != 0 || !*data_out) && !error)
		error = -ENOMEM;
	mw_strings_deinit(&page.strings);
	mw_array_deinit(&page.frames);
	free(page.frame_of_function);
	free(page.frame_of_line);
	return error;
}

static void write_escaped(FILE *out, const char *data, size_t n_bytes)
{
	for (const char *end = data + n_bytes; data < end;) {
		const char *bracket = memchr(data, '<', (size_t)(end - data));
		fwrite(data, 1, (size_t)((bracket ? bracket : end) - data), out);
		if (!bracket)
			break;
		fputs("\\u003c", out);
		data = bracket + 1;
	}
}

int mw_html_write_data(FILE *out, const struct mw_view *view)
{
	char *data = NULL;
	size_t n_bytes = 0;
	int error = make_data(view, &data, &n_bytes);
	if (!error)
		write_escaped(out, data, n_bytes);
	free(data);
	return error ? error : ferror(out) ? -EIO : 0;
}

int mw_html_render(FILE *out, const struct mw_view *view)
{
	size_t n_bytes;
	const char *template = mw_html_template(&n_bytes);
	const char *mark = template ? memmem(template, n_bytes, MARK, strlen(MARK)) : NULL;
	if (!mark)
		return -ENOTSUP;
	const char *rest = mark + strlen(MARK);
	fwrite(template, 1, (size_t)(mark - template), out);
	int error = mw_html_write_data(out, view);
	fwrite(rest, 1, n_bytes - (size_t)(rest - template), out);
	return error ? error : ferror(out) ? -EIO : 0;
}
