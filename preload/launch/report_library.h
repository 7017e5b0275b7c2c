/* SPDX: no licence chosen yet, see README */
/*
 * report_library.h - the report, loaded when it is needed: most of what the launcher would load at
 * its own start is for it. Hosted; merge -> symbolize -> render.
 */
#pragma once

#include "preload/launch/failure.h"
#include "report/library.h"

/**
 * mw_report_library_load() - from beside the shim; once more: the same
 *
 * Takes SIGBUS, as report.h says.
 * Return: never unloaded; NULL with @failure_out filled.
 */
const struct mw_report_library *mw_report_library_load(struct mw_failure *failure_out);
