/* SPDX: no licence chosen yet, see README */
/*
 * writers.h - which process wrote which image: what the dump says from inside (images.h) meets what
 * /proc says from outside (members.h), in one life (lives.h). Hosted; part of the sampler.
 *
 * An image names its process by pid. That is ours to see if it lives in our pid namespace; else it
 * is some number of another one, and the process is who has it there.
 */
#pragma once

#include "preload/launch/sampler.h"

/** mw_writers_init() - from now on @sampler's images have lives */
void mw_writers_init(struct mw_sampler *sampler);

/** mw_writers_collect() - take in what images began and ended since the last call */
void mw_writers_collect(struct mw_sampler *sampler);

/** mw_writers_meet() - the same; and images whose processes had died before they were seen are
 * buried */
void mw_writers_meet(struct mw_sampler *sampler, int64_t now_ns);
