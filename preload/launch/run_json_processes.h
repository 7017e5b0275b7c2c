/* SPDX: no licence chosen yet, see README */
/*
 * run_json_processes.h - the array "processes" of run.json, one element a program image, and
 * "tree", what all of them used together. Hosted; dump -> merge.
 */
#pragma once

#include "preload/launch/run.h"

/**
 * mw_run_json_processes() - the array as text
 *
 * Not by a JSON library: a run can have 100000 processes. A number nobody knows is left out.
 * Return: to be freed by the caller; NULL without memory.
 */
char *mw_run_json_processes(const struct mw_run_state *run);

/** mw_run_json_tree() - the object as text; as above */
char *mw_run_json_tree(const struct mw_run_state *run);
