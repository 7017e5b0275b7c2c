/* SPDX: no licence chosen yet, see README */
/*
 * collapsed.c - "main;grow;push 4096": frames outermost first, then the stack's weight. Brendan
 * Gregg's format of stackcollapse, read by flamegraph.pl, inferno, speedscope. Frames are
 * functions; stacks that differ in lines only are several lines, which every reader adds up.
 */
#include "report/export/weights.h"

#include <errno.h>
#include <inttypes.h>

/* ';' ends a frame, and the last blank ends the stack. */
static void print_frame(FILE *out, const char *name)
{
	for (; *name; name++)
		putc(*name == ';' ? ':' : *name, out);
}

static void print_stack(FILE *out, const struct mw_profile *profile, const struct mw_weight *weight,
	bool is_per_process, uint32_t *lines)
{
	char name[MW_EXPORT_NAME_BYTES];
	size_t n = mw_weights_stack(profile, weight->site_idx, lines, MW_EXPORT_MAX_DEPTH);
	if (is_per_process) {
		print_frame(out, mw_weights_group_name(profile, weight->group, true, name));
		putc(';', out);
	}
	for (size_t i = 0; i < n; i++) {
		if (i)
			putc(';', out);
		print_frame(out, mw_weights_frame_name(profile, lines[i], name));
	}
	if (n == 0)
		fputs(MW_EXPORT_UNATTRIBUTED, out);
}

int mw_export_collapsed(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options)
{
	static uint32_t lines[MW_EXPORT_MAX_DEPTH];
	struct mw_weights weights;
	int error = mw_weights_collect(&weights, &view->profile, options->is_per_process);
	for (size_t i = 0; !error && i < weights.items.n; i++) {
		const struct mw_weight *weight = &weights.items.items[i];
		int64_t value = mw_weights_of(weight, options);
		if (value == 0)
			continue;
		print_stack(out, &view->profile, weight, options->is_per_process, lines);
		fprintf(out, " %" PRId64 "\n", value);
	}
	mw_weights_deinit(&weights);
	return error;
}
