/* SPDX: no licence chosen yet, see README */
/*
 * cmd_diff.h - "memwatch-report diff": two runs compared, or one held against a budget.
 */
#pragma once

/** mw_cmd_diff() - main() behind the word "diff"; returns the exit status. */
int mw_cmd_diff(int argc, char **argv);
