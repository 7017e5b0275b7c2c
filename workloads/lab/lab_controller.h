/* SPDX: no licence chosen yet, see README */
/*
 * lab_controller.h - compression asked for from outside: the datagrams by which a workload tells
 * a controller that it may be asked (by SIGUSR1), and what came of it.
 */
#pragma once

#include <stdint.h>

#include "workloads/lab/mem_arena.h"

/** lab_controller_watch() - from here on SIGUSR1 asks for compression */
void lab_controller_watch(void);

/** lab_controller_is_asked() - since the last call */
int lab_controller_is_asked(void);

/** lab_controller_enroll() - announce this process; exit 1 if there is no controller */
void lab_controller_enroll(const char *workload, int region_mb);

/** lab_controller_acknowledge() - tell what the @n_triggers-th request did; a lost one is lost */
void lab_controller_acknowledge(
	const char *workload, uint64_t n_triggers, const struct mem_arena_stats *stats);
