/* SPDX: no licence chosen yet, see README */
/*
 * notes.c - damage of the input as sentences. After merging; for render/ and the exit status.
 */
#include "report/model/notes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "report/util/format.h"

int mw_notes_add(struct mw_notes *notes, const char *format, ...)
{
	char **slot = mw_array_push(&notes->texts);
	if (!slot)
		return -ENOMEM;
	va_list arguments;
	va_start(arguments, format);
	int n = vasprintf(slot, format, arguments);
	va_end(arguments);
	if (n < 0) {
		notes->texts.n--;
		return -ENOMEM;
	}
	mw_format_clean(*slot);
	return 0;
}

static int note_damage(struct mw_notes *notes, const struct mw_run *run)
{
	const struct mw_dump_damage *damage = &run->dump.damage;
	int error = 0;
	char size[MW_FORMAT_BYTES];
	if (damage->missing_bytes)
		error = mw_notes_add(notes, "%s: run.mwd is truncated: %s missing", run->directory,
			mw_format_size(size, (int64_t)damage->missing_bytes));
	else if (damage->n_cut_segments)
		error = mw_notes_add(notes, "%s: run.mwd is truncated: %" PRIu64 " segments cut",
			run->directory, damage->n_cut_segments);
	uint64_t n_bad = damage->n_bad_segments + damage->n_orphans + damage->n_bad_parents;
	if (!error && n_bad)
		error = mw_notes_add(notes, "%s: run.mwd is damaged: %" PRIu64 " segments unusable",
			run->directory, n_bad);
	if (!error && run->info_problem)
		error = mw_notes_add(notes, "%s: %s", run->directory, run->info_problem);
	return error;
}

int mw_notes_collect(struct mw_notes *notes, const struct mw_profile *profile)
{
	int error = 0;
	for (size_t i = 0; !error && i < profile->runs.n; i++)
		error = note_damage(notes, &profile->runs.items[i]);
	if (!error && profile->n_broken_stacks)
		error = mw_notes_add(notes,
			"%" PRIu64 " stacks are cut where their nodes are damaged",
			profile->n_broken_stacks);
	if (!error && profile->n_bad_records)
		error = mw_notes_add(notes, "%" PRIu64 " records of an unknown class left out",
			profile->n_bad_records);
	return error;
}

void mw_notes_deinit(struct mw_notes *notes)
{
	for (size_t i = 0; i < notes->texts.n; i++)
		free(notes->texts.items[i]);
	mw_array_deinit(&notes->texts);
}
