/* SPDX: no licence chosen yet, see README */
/*
 * births.h - wakes the main loop when a process image is born, so that the first milliseconds of
 * a life are sampled, too. Hosted; while the target runs.
 *
 * The zone wakes a futex in the dump when it publishes an image. No poll() waits for futexes, so a
 * thread does, and writes to an eventfd, every 5 ms at most. It touches nothing else.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

struct mw_births {
	int fd;		      /* eventfd, non-blocking: readable after a birth; -1 = none */
	const uint32_t *word; /* counts births; in shared memory */
	pthread_t thread;
	uint32_t is_ending; /* atomic, and a futex */
};

/** mw_births_start() - on failure fd is -1, and births are noticed by the next tick only */
void mw_births_start(struct mw_births *births, const uint32_t *word);

/** mw_births_stop() - before @word is unmapped */
void mw_births_stop(struct mw_births *births);
