/* SPDX: no licence chosen yet, see README */
/*
 * text.c - the text report's order, and the helpers of its parts.
 */
#include "report/render/text.h"

#include "report/model/functions.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void mw_text_render(struct mw_text *text, const struct mw_view *view)
{
	mw_text_summary(text, view);
	mw_text_processes(text, view);
	mw_text_programs(text, view);
	mw_text_tasks(text, view);
	mw_text_made_of(text, view);
	mw_text_resources(text, view);
	if (view->profile.has_stacks) {
		mw_text_lines(text, view);
		mw_text_functions(text, view);
		mw_text_profiles(text, view);
	} else {
		mw_text_totals(text, view);
	}
	mw_text_waste(text, view);
	mw_text_tail(text, view);
}

void mw_text_heading(struct mw_text *text, const char *title)
{
	fprintf(text->out, "\n%s%s%s\n", text->has_color ? "\033[1m" : "", title,
		text->has_color ? "\033[0m" : "");
}

#define GLUE '\1' /* a blank that no line ends at: cleaned text has no control bytes */

/* "1.5 MiB" stays together. */
static void glue_sizes(char *content)
{
	static const char units[] = "BKMGTPE";
	for (char *at = content; (at = strchr(at, ' ')); at++) {
		bool is_size = at > content && at[-1] >= '0' && at[-1] <= '9' &&
			       strchr(units, at[1]) && at[1] &&
			       (at[1] == 'B' ? strchr(" ,;:)", at[2]) != NULL
					     : at[2] == 'i' && at[3] == 'B');
		if (is_size)
			*at = GLUE;
	}
}

#define READABLE_COLUMNS 80 /* prose is no wider, even where tables are */

/* Words of @content in lines, all indented; blanks collapse. Long words (paths) may take all of
 * text->width. */
static void print_wrapped(struct mw_text *text, char *content, unsigned indent)
{
	unsigned widest = text->width > indent + 8 ? text->width - indent : 8;
	unsigned room = widest < READABLE_COLUMNS - indent ? widest : READABLE_COLUMNS - indent;
	if (text->has_whole_items)
		room = UINT_MAX;
	unsigned at = 0; /* columns of this line behind its indentation */
	char *save = NULL;
	char cut[1024];
	for (char *word = strtok_r(content, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		mw_format_ellipsize(word, widest < 250 ? widest : 250, cut, sizeof(cut));
		unsigned columns = (unsigned)mw_format_columns(cut);
		if (at != 0 && at + 1 + columns > room) {
			fputc('\n', text->out);
			at = 0;
		}
		if (at == 0)
			fprintf(text->out, "%*s", (int)indent, "");
		else
			fputc(' ', text->out);
		for (char *glue = cut; (glue = strchr(glue, GLUE));)
			*glue = ' ';
		fputs(cut, text->out);
		at += columns + (at != 0);
	}
	fputc('\n', text->out);
}

__attribute__((format(printf, 3, 0))) static void print_formatted(
	struct mw_text *text, unsigned indent, const char *format, va_list arguments)
{
	char *content = NULL;
	if (vasprintf(&content, format, arguments) >= 0) {
		mw_format_clean(content);
		glue_sizes(content);
		print_wrapped(text, content, indent);
	} else {
		text->has_failed = true;
	}
	free(content);
}

void mw_text_caption(struct mw_text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs(text->has_color ? "\033[2m" : "", text->out);
	print_formatted(text, 0, format, arguments);
	fputs(text->has_color ? "\033[0m" : "", text->out);
	va_end(arguments);
}

void mw_text_item(struct mw_text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print_formatted(text, 2, format, arguments);
	va_end(arguments);
}

static unsigned print_fit(
	struct mw_text *text, const char *content, unsigned columns, mw_text_fit *fit)
{
	char cut[2048];
	if (columns > 500)
		columns = 500;
	fit(content, columns, cut, sizeof(cut));
	mw_format_clean(cut);
	fputs(cut, text->out);
	return (unsigned)mw_format_columns(cut);
}

void mw_text_cell(struct mw_text *text, const char *content, unsigned columns, mw_text_fit *fit)
{
	unsigned n = print_fit(text, content, columns, fit);
	fprintf(text->out, "%*s", (int)(columns - n), "");
}

void mw_text_last_cell(
	struct mw_text *text, const char *content, unsigned columns, mw_text_fit *fit)
{
	print_fit(text, content, columns, fit);
	fputc('\n', text->out);
}

void mw_text_whole(struct mw_text *text, const char *content)
{
	char *copy = strdup(content);
	if (copy)
		mw_format_clean(copy);
	text->has_failed |= !copy;
	fprintf(text->out, "%s\n", copy ? copy : "?");
	free(copy);
}

void mw_text_line_name(struct mw_text *text, const struct mw_profile *profile,
	const struct mw_line *line, unsigned columns)
{
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	bool has_name = function->has_symbol || function->module_idx == MW_NONE;
	char name[4200];
	mw_functions_name(profile, line, name, sizeof(name));
	/* Of a place without symbol the end tells most. */
	mw_text_cell(text, name, columns, has_name ? mw_format_cut : mw_format_ellipsize);
}

void mw_text_size(struct mw_text *text, int64_t bytes)
{
	char size[MW_FORMAT_BYTES];
	fprintf(text->out, "%10s", mw_format_size(size, bytes));
}

const char *mw_text_place(const struct mw_profile *profile, const struct mw_function *function,
	uint32_t line, char *out, size_t out_bytes)
{
	const char *file = mw_profile_text(profile, function->file);
	const char *module = function->module_idx == MW_NONE
				     ? NULL
				     : mw_profile_text(profile,
					       profile->modules.items[function->module_idx].path);
	if (file && line)
		snprintf(out, out_bytes, "%s:%u", file, line);
	else
		snprintf(out, out_bytes, "%s", file ? file : module ? module : "-");
	return out;
}

bool mw_text_is_asked(const struct mw_view *view)
{
	return view->regex || view->profile.rest_lines[MW_REST_MODULES];
}

bool mw_text_is_wanted(const struct mw_view *view, const struct mw_function *function)
{
	const struct mw_profile *profile = &view->profile;
	if (function->is_rest || !mw_profile_shows(profile, function))
		return false;
	if (function->is_library && !mw_text_is_asked(view))
		return false;
	return !view->regex ||
	       mw_regex_search(view->regex, mw_profile_text(profile, function->name)) > 0;
}
