/* SPDX: no licence chosen yet, see README */
/*
 * render.h - the launcher's last step: the report of the run, by report/report.h. Hosted;
 * merge -> symbolize -> render.
 */
#pragma once

#include "preload/launch/failure.h"
#include "preload/launch/options.h"

/**
 * mw_render_check() - are the patterns good, and could every file be written?
 *
 * Asked before the run, which may take hours; leaves no file behind.
 * Return: MW_EXIT_OK; MW_EXIT_USAGE, or MW_EXIT_OWN_FAILURE without the report's library, with
 * @failure_out filled.
 */
int mw_render_check(const struct mw_launch_options *options, struct mw_failure *failure_out);

/**
 * mw_render() - what the options ask for, of the run in @directory
 *
 * Problems are printed by the report, to stderr, one line each; the command's exit status
 * counts all the same.
 */
void mw_render(const struct mw_launch_options *options, const char *directory);
