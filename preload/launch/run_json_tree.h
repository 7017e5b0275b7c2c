/* SPDX: no licence chosen yet, see README */
/*
 * run_json_tree.h - run.json's members about all processes together, and what they were measured
 * with: "tree", "sampler", "system". Hosted; dump -> merge.
 */
#pragma once

#include "preload/launch/json_object.h"
#include "preload/launch/run.h"

/** mw_run_json_tree() - adds the three to @object */
void mw_run_json_tree(struct mw_json_object *object, const struct mw_run_state *run);
