/* SPDX: no licence chosen yet, see README */
/*
 * run.h - one run, step by step: prepare everything that can fail, spawn, supervise, finish.
 * Hosted; the launcher's spine. main.c calls these in order and prints what failed.
 */
#pragma once

#include "preload/launch/control.h"
#include "preload/launch/failure.h"
#include "preload/launch/options.h"
#include "preload/launch/program.h"
#include "preload/launch/run_dir.h"
#include "preload/launch/shim_path.h"
#include "preload/launch/signals.h"
#include "preload/launch/supervise.h"

struct mw_run_state {
	const struct mw_launch_options *options; /* borrowed */
	struct mw_program program;
	struct mw_shim_path shim;
	struct mw_run_dir run_dir;
	struct mw_control control;
	struct mw_signals signals;
	struct mw_sampler *sampler; /* owned */
	struct mw_supervision supervision;
	int64_t start_realtime_ns, start_ns;
	int64_t end_ns;		/* 0 = it still goes on */
	size_t n_still_running; /* processes of the job alive at its end */
};

/**
 * mw_run_start() - find the command, make the run directory, spawn
 * @run: zeroed, with `options` set
 *
 * On failure nothing is left behind.
 * Return: MW_EXIT_OK or what to exit with, @failure_out filled.
 */
int mw_run_start(struct mw_run_state *run, struct mw_failure *failure_out);

/**
 * mw_run_wait() - until the run is over; then close the dump and write the last run.json
 * @failure_out: filled if a file could not be written; the run counts all the same
 * Return: MW_EXIT_OK or MW_EXIT_OWN_FAILURE.
 */
int mw_run_wait(struct mw_run_state *run, struct mw_failure *failure_out);

/** mw_run_exit_status() - the command's, or 128+N, or that of a limit. After mw_run_wait(). */
int mw_run_exit_status(const struct mw_run_state *run);

/** mw_run_deinit() - free what is left in memory; files stay */
void mw_run_deinit(struct mw_run_state *run);
