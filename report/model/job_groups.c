/* SPDX: no licence chosen yet, see README */
/* job_groups.c - processes by the program they ran. See job.h. */
#include "report/model/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "/usr/bin/cc -c x.c" -> "cc", as a place in @command. */
static struct mw_job_group group_of(const struct mw_job_process *process)
{
	size_t n = strcspn(process->command, " ");
	const char *slash = memrchr(process->command, '/', n);
	const char *name = slash && slash + 1 < process->command + n ? slash + 1 : process->command;
	return (struct mw_job_group){ .name = name,
		.n_name = (size_t)(process->command + n - name),
		.n_processes = 1,
		.total_kib = process->max_rss_kib,
		.at_tree_peak_bytes = process->at_tree_peak_bytes };
}

static int compare_names(const void *left, const void *right)
{
	const struct mw_job_group *a = left, *b = right;
	int order = memcmp(a->name, b->name, a->n_name < b->n_name ? a->n_name : b->n_name);
	return order ? order : a->n_name < b->n_name ? -1 : a->n_name > b->n_name;
}

static int compare_totals(const void *left, const void *right)
{
	const struct mw_job_group *a = left, *b = right;
	if (a->total_kib != b->total_kib)
		return a->total_kib > b->total_kib ? -1 : 1;
	return compare_names(left, right);
}

int mw_job_groups(const struct mw_job *job, struct mw_job_group **groups_out, size_t *n_out)
{
	struct mw_job_group *groups = calloc(job->processes.n + 1, sizeof(*groups));
	size_t n_all = 0, n = 0;
	if (!groups)
		return -ENOMEM;
	for (size_t i = 0; i < job->processes.n; i++) {
		if (mw_job_is_listed(&job->processes.items[i]))
			groups[n_all++] = group_of(&job->processes.items[i]);
	}
	qsort(groups, n_all, sizeof(*groups), compare_names);
	for (size_t i = 0; i < n_all; i++) {
		if (n > 0 && compare_names(&groups[n - 1], &groups[i]) == 0) {
			groups[n - 1].n_processes++;
			groups[n - 1].total_kib =
				mw_plus(groups[n - 1].total_kib, groups[i].total_kib);
			groups[n - 1].at_tree_peak_bytes = mw_plus(
				groups[n - 1].at_tree_peak_bytes, groups[i].at_tree_peak_bytes);
		} else {
			groups[n++] = groups[i];
		}
	}
	qsort(groups, n, sizeof(*groups), compare_totals);
	*groups_out = groups;
	*n_out = n;
	return 0;
}
