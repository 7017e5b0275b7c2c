/* SPDX: no licence chosen yet, see README */
/* filter.c - --include and --exclude. See filter.h. */
#include "report/model/filter.h"

#include <errno.h>
#include <stddef.h>

#include "report/util/regex.h"

static struct mw_regex *compile(const char *name, const char *pattern, struct mw_diag *diag)
{
	struct mw_diag reason = { "" };
	struct mw_regex *regex = pattern ? mw_regex_create(pattern, &reason) : NULL;
	if (pattern && !regex)
		mw_diag_set(diag, "Invalid %s pattern '%.200s': must be valid regex: %.200s", name,
			pattern, reason.text);
	return regex;
}

int mw_filter_init(struct mw_filter *filter_out, const char *include, const char *exclude,
	struct mw_diag *diag)
{
	*filter_out = (struct mw_filter){ .include = include, .exclude = exclude };
	filter_out->include_regex = compile("include", include, diag);
	filter_out->exclude_regex = compile("exclude", exclude, diag);
	bool is_good =
		(!include || filter_out->include_regex) && (!exclude || filter_out->exclude_regex);
	return is_good ? 0 : -EINVAL;
}

void mw_filter_deinit(struct mw_filter *filter)
{
	filter->include_regex = mw_regex_destroy(filter->include_regex);
	filter->exclude_regex = mw_regex_destroy(filter->exclude_regex);
}

bool mw_filter_is_active(const struct mw_filter *filter)
{
	return filter->include || filter->exclude || filter->process;
}

int mw_filter_shows(const struct mw_filter *filter, const char *command)
{
	int is_included = 1, is_excluded = 0, is_wanted = 1;
	if (filter->include_regex)
		is_included = mw_regex_search(filter->include_regex, command);
	if (is_included > 0 && filter->exclude_regex)
		is_excluded = mw_regex_search(filter->exclude_regex, command);
	if (filter->process_regex)
		is_wanted = mw_regex_search(filter->process_regex, command);
	if (is_included < 0 || is_excluded < 0 || is_wanted < 0)
		return -E2BIG;
	return is_included && is_wanted && !is_excluded;
}
