/* SPDX: no licence chosen yet, see README */
/*
 * notes.h - why a report is partial: one sentence for each thing that is missing from the
 * input. An empty list means exit status 0.
 */
#pragma once

#include "report/model/profile.h"

struct mw_notes {
	MW_ARRAY(char *) texts; /* owned */
};

/** mw_notes_add() - printf-like; 0 or -ENOMEM. */
__attribute__((format(printf, 2, 3))) int mw_notes_add(
	struct mw_notes *notes, const char *format, ...);

/** mw_notes_collect() - what the runs' dumps and run.json lack; 0 or -ENOMEM. */
int mw_notes_collect(struct mw_notes *notes, const struct mw_profile *profile);

void mw_notes_deinit(struct mw_notes *notes);
