/* SPDX: no licence chosen yet, see README */
/*
 * peak_lines.c - --full-report=no: "file function 312.6 MiB", the highest live heap of a process
 * while the function was on the stack; a line a process where no function has a name.
 */
#include "report/render/text.h"

#include <stdlib.h>

#include "report/model/functions.h"

static void print_peak(struct mw_text *text, const char *file, const char *name, int64_t bytes)
{
	char *names;
	if (asprintf(&names, "%s %s", file, name) < 0) {
		text->has_failed = true;
		return;
	}
	mw_format_clean(names);
	fprintf(text->out, "%s %.*f MiB\n", names, (int)text->precision, (double)bytes / 0x1p20);
	free(names);
}

static size_t print_functions(struct mw_text *text, const struct mw_view *view)
{
	const struct mw_profile *profile = &view->profile;
	size_t n, n_printed = 0;
	uint32_t *order = mw_functions_rank(profile, MW_FUNCTION_ORDER_MAX_TOTAL, &n);
	char place[4200];
	text->has_failed |= !order;
	for (size_t i = 0; order && i < n; i++) {
		const struct mw_function *function = &profile->functions.items[order[i]];
		if (!function->has_symbol || !mw_text_is_wanted(view, function))
			continue;
		print_peak(text, mw_text_place(profile, function, 0, place, sizeof(place)),
			mw_profile_text(profile, function->name),
			(int64_t)function->through[MWD_CLASS_HEAP].max_total_bytes);
		n_printed++;
	}
	free(order);
	return n_printed;
}

void mw_peak_lines_render(struct mw_text *text, const struct mw_view *view)
{
	if (print_functions(text, view) > 0 || view->regex)
		return;
	for (size_t i = 0; i < view->processes.rows.n; i++) {
		const struct mw_process_row *row = &view->processes.rows.items[i];
		if (row->image_idx == MW_NONE || row->is_silent)
			continue;
		const struct mw_image *image = &view->profile.images.items[row->image_idx];
		if (image->is_not_shown)
			continue;
		char exe[MWD_EXE_BYTES + 1];
		snprintf(exe, sizeof(exe), "%.*s", (int)MWD_EXE_BYTES, image->head->exe);
		print_peak(text, exe, mw_profile_text(&view->profile, image->program),
			row->heap_peak_bytes);
	}
}
