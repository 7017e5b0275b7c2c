/* SPDX: no licence chosen yet, see README */
/* execs.c - rows without image, grouped by program and reason. See execs.h. */
#include "report/model/execs.h"

#include <errno.h>
#include <string.h>

const char *mw_execs_reason(uint32_t verdict)
{
	static const char *const reasons[] = {
		[MWD_VERDICT_FOLLOWED] = "did not arrive",
		[MWD_VERDICT_STATIC] = "static program",
		[MWD_VERDICT_SETUID] = "set-user-ID or capabilities",
		[MWD_VERDICT_OTHER_CLASS] = "other word size or machine",
		[MWD_VERDICT_OTHER_LOADER] = "other C library",
		[MWD_VERDICT_SANITIZER] = "built with a sanitizer",
		[MWD_VERDICT_UNKNOWN] = "not a program we can read",
		[MWD_VERDICT_OUT_OF_REACH] = "our library out of reach (chroot)",
	};
	if (verdict == MW_VERDICT_UNSEEN)
		return "only the launcher saw it";
	return verdict < sizeof(reasons) / sizeof(reasons[0]) ? reasons[verdict] : "unknown reason";
}

static int count(struct mw_execs *execs, uint32_t program, uint32_t verdict)
{
	for (size_t i = 0; i < execs->groups.n; i++) {
		struct mw_exec_group *group = &execs->groups.items[i];
		if (group->program == program && group->verdict == verdict) {
			group->n++;
			return 0;
		}
	}
	struct mw_exec_group *group = mw_array_push(&execs->groups);
	if (!group)
		return -ENOMEM;
	*group = (struct mw_exec_group){ program, verdict, 1 };
	return 0;
}

static int compare_groups(const void *left, const void *right)
{
	const struct mw_exec_group *a = left, *b = right;
	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return a->program < b->program ? -1 : a->program > b->program;
}

int mw_execs_build(const struct mw_processes *processes, struct mw_execs *execs)
{
	int error = 0;
	memset(execs, 0, sizeof(*execs));
	for (size_t i = 0; !error && i < processes->rows.n; i++) {
		const struct mw_process_row *row = &processes->rows.items[i];
		if (mw_processes_is_unfollowed(row))
			error = count(execs, row->program, row->verdict);
	}
	if (execs->groups.n > 0)
		qsort(execs->groups.items, execs->groups.n, sizeof(struct mw_exec_group),
			compare_groups);
	return error;
}

void mw_execs_deinit(struct mw_execs *execs)
{
	mw_array_deinit(&execs->groups);
}
