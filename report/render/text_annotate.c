/* SPDX: no licence chosen yet, see README */
/*
 * text_annotate.c - --annotate: a whole source file with the numbers of its lines.
 */
#include "report/render/profile_table.h"

#include <errno.h>
#include <stdlib.h>

#include "report/model/file_lines.h"

static struct mw_table_line *rows_of(const struct mw_file_lines *lines)
{
	struct mw_table_line *rows = malloc((lines->items.n + 1) * sizeof(*rows));
	for (size_t i = 0; rows && i < lines->items.n; i++) {
		const struct mw_file_line *line = &lines->items.items[i];
		rows[i] = (struct mw_table_line){ line->line, &line->heap };
	}
	return rows;
}

void mw_text_annotate(struct mw_text *text, const struct mw_view *view)
{
	const struct mw_profile *profile = &view->profile;
	const char *path = mw_profile_text(profile, view->annotated_file);
	struct mw_file_lines lines;
	struct mw_source source = { 0 };
	int error = mw_file_lines_build(profile, view->annotated_file, &lines);
	struct mw_table_line *rows = error ? NULL : rows_of(&lines);
	int source_error = view->wants_source
				   ? mw_source_open(path, mw_profile_owner(profile), &source)
				   : -ENOENT;
	text->has_failed |= !rows || source_error == -ENOMEM;
	if (rows)
		mw_profile_table_print_file(
			text, profile, path, rows, lines.items.n, source_error ? NULL : &source);
	if (source_error && view->wants_source)
		mw_text_caption(text, "(source not on disk: only lines with numbers)");
	mw_profile_table_explain(text, profile);
	mw_source_close(&source);
	free(rows);
	mw_file_lines_deinit(&lines);
}
