/* SPDX: no licence chosen yet, see README */
/*
 * view.h - all that the outputs of render/ show, ready made and read-only.
 */
#pragma once

#include "report/model/execs.h"
#include "report/model/job.h"
#include "report/model/notes.h"
#include "report/model/processes.h"
#include "report/model/profile.h"
#include "report/model/tasks.h"
#include "report/model/waste.h"
#include "report/util/regex.h"

struct mw_view {
	struct mw_profile profile;
	struct mw_processes processes;
	struct mw_execs execs;
	struct mw_job job;
	struct mw_tasks tasks;
	struct mw_waste waste;
	struct mw_notes notes;	      /* why the report is partial; empty = it is whole */
	const struct mw_regex *regex; /* functions asked for, NULL = none; borrowed */
	uint32_t annotated_file;      /* --annotate: string id of the profile, 0 = none */
	unsigned top;		      /* rows of long tables, UINT_MAX = all */
	bool wants_source;
	bool wants_timeline; /* in the JSON */
	bool is_task_wanted; /* --task */
};
