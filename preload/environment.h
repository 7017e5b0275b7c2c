/* SPDX: no licence chosen yet, see README */
/*
 * environment.h - what launcher and zone agree on outside the dump: names of environment
 * variables and files. Options travel in the dump's control page, not here.
 */
#pragma once

/* Absolute path of the run directory. Present and valid = the shim records. */
#define MW_ENV_RUN_DIR "MEMWATCH_RUN_DIR"
/* The dynamic loader's list of objects to load first; ours stands first in it. */
#define MW_ENV_PRELOAD "LD_PRELOAD"

/* Of the launcher, for tests: a decimal number, so that --sample takes the same samples again. */
#define MW_ENV_SAMPLE_SEED "MEMWATCH_SAMPLE_SEED"

/* In the run directory, beside MWD_FILE_NAME (format.h). */
#define MW_RUN_JSON_NAME "run.json"
#define MW_SAMPLES_NAME "samples.csv"
#define MW_PROCESS_SAMPLES_NAME "process_samples.csv"
#define MW_MARKS_NAME "marks.csv" /* of `memwatch-preload mark`; only if there are any */

#define MW_SHIM_NAME "libmemwatch-preload.so"
/* Loaded by the zone, and only if the run asks for it (enum mwd_option). */
#define MW_LIBUNWIND_NAME "libunwind.so.8"
