/* SPDX: no licence chosen yet, see README */
/*
 * csv.c - a row for each line of code that owns heap bytes, with all counters of columns.h; a last
 * row for what has no line (and one for what has no stack by choice), so that each column adds up.
 * RFC 4180, but LF line ends.
 */
#include "report/export/weights.h"
#include "report/model/sampled.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/util/format.h"

static void print_text(FILE *out, const char *text)
{
	char *clean = text ? strdup(text) : NULL;
	if (clean)
		mw_format_clean(clean);
	putc('"', out);
	for (const char *at = clean; at && *at; at++) {
		if (*at == '"')
			putc('"', out);
		putc(*at, out);
	}
	fputs("\",", out);
	free(clean);
}

static void print_counters(FILE *out, const struct mw_sums *sums)
{
	for (size_t i = 0; i < MW_N_COLUMNS; i++)
		fprintf(out, "%s%" PRId64, i ? "," : "", mw_columns[i].get(sums));
	putc('\n', out);
}

static void print_line(FILE *out, const struct mw_profile *profile, uint32_t line_idx)
{
	const struct mw_line *line = &profile->lines.items[line_idx];
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	const char *module = function->module_idx == MW_NONE
				     ? NULL
				     : mw_profile_text(profile,
					       profile->modules.items[function->module_idx].path);
	char name[MW_EXPORT_NAME_BYTES];
	print_text(out, mw_weights_frame_name(profile, line_idx, name));
	print_text(out, mw_profile_text(profile, function->file));
	fprintf(out, "%" PRIu32 ",", line->line);
	print_text(out, module);
	print_counters(out, &line->owned[MWD_CLASS_HEAP]);
}

int mw_export_csv(FILE *out, const struct mw_view *view, const struct mw_export_options *options)
{
	const struct mw_profile *profile = &view->profile;
	(void)options;
	fputs("function,file,line,module", out);
	for (size_t i = 0; i < MW_N_COLUMNS; i++)
		fprintf(out, ",%s", mw_columns[i].json_name);
	putc('\n', out);
	for (uint32_t i = 0; i < profile->lines.n; i++) {
		const struct mw_sums *owned = &profile->lines.items[i].owned[MWD_CLASS_HEAP];
		if (owned->allocated_blocks || owned->freed_here_blocks)
			print_line(out, profile, i);
	}
	fputs("\"" MW_EXPORT_UNATTRIBUTED "\",\"\",0,\"\",", out);
	print_counters(out, &profile->unattributed[MWD_CLASS_HEAP]);
	if (mw_sampled_rest_name(profile)) {
		fprintf(out, "\"[%s]\",\"\",0,\"\",", mw_sampled_rest_name(profile));
		print_counters(out, &profile->unstacked[MWD_CLASS_HEAP]);
	}
	return 0;
}
