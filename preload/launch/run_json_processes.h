/* SPDX: no licence chosen yet, see README */
/*
 * run_json_processes.h - the array "processes" of run.json, one element a program image. Hosted;
 * dump -> merge.
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
