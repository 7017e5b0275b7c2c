/* SPDX: no licence chosen yet, see README */
/* births.c - wakes the main loop when a process image is born. See births.h. */
#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "preload/launch/births.h"
#include "preload/launch/clock.h"

#define PATIENCE_NS (MW_NS_PER_MS / 10)
/* Births come in swarms, and after the first the loop looks often anyway. */
static const struct timespec nap = { .tv_nsec = 5 * MW_NS_PER_MS };

/* The word lies in the dump: who truncates that takes the page, and wakes then reach nobody. */
static const struct timespec longest_sleep = { .tv_sec = 1 };

static void *wait_for_births(void *context)
{
	struct mw_births *births = context;
	uint32_t seen = __atomic_load_n(births->word, __ATOMIC_ACQUIRE);
	while (!__atomic_load_n(&births->is_ending, __ATOMIC_ACQUIRE)) {
		syscall(SYS_futex, births->word, FUTEX_WAIT, seen, &longest_sleep, NULL, 0);
		uint32_t now = __atomic_load_n(births->word, __ATOMIC_ACQUIRE);
		if (now == seen)
			continue;
		eventfd_write(births->fd, 1);
		syscall(SYS_futex, &births->is_ending, FUTEX_WAIT_PRIVATE, 0, &nap, NULL, 0);
		seen = now;
	}
	return NULL;
}

void mw_births_start(struct mw_births *births, const uint32_t *word)
{
	*births = (struct mw_births){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .word = word };
	if (births->fd < 0)
		return;
	if (pthread_create(&births->thread, NULL, wait_for_births, births) == 0)
		return;
	close(births->fd);
	births->fd = -1;
}

static bool is_joined_soon(pthread_t thread)
{
	int64_t until_ns = mw_clock_monotonic_ns() + PATIENCE_NS;
	struct timespec until = { until_ns / MW_NS_PER_S, until_ns % MW_NS_PER_S };
	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) != ETIMEDOUT;
}

void mw_births_stop(struct mw_births *births)
{
	if (births->fd < 0)
		return;
	__atomic_store_n(&births->is_ending, 1, __ATOMIC_RELEASE);
	/* A wake-up between its look at is_ending and its sleep is lost: so more than one. */
	do {
		syscall(SYS_futex, births->word, FUTEX_WAKE, 1, NULL, NULL, 0);
		syscall(SYS_futex, &births->is_ending, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	} while (!is_joined_soon(births->thread));
	close(births->fd);
	births->fd = -1;
}
