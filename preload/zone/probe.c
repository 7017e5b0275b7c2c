/* SPDX: no licence chosen yet, see README */
/*
 * probe.c - see probe.h. Zone; serves the exec hooks.
 *
 * rt_sigprocmask() copies the new mask before it looks at what to do with it (kernel/signal.c):
 * with an operation that does not exist it reads eight bytes and changes nothing.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "preload/format.h"
#include "preload/zone/probe.h"
#include "preload/zone/raw.h"
#include "preload/zone/zone.h"

#define NO_OPERATION (-1)
#define MINUS_EFAULT (-14)

/* Neighbours mostly share a page: the last good one is remembered. */
struct probe {
	uintptr_t page; /* 0 = none yet */
};

static bool can_read_page(struct probe *probe, uintptr_t address)
{
	uintptr_t page = address & ~(uintptr_t)(MWD_PAGE - 1);
	if (page == 0)
		return false;
	if (page == probe->page || mw_is_sandboxed)
		return true;
	if (mw_raw6(SYS_rt_sigprocmask, NO_OPERATION, (long)page, 0, 8, 0, 0) == MINUS_EFAULT)
		return false;
	probe->page = page;
	return true;
}

static bool can_read(struct probe *probe, const void *at, size_t bytes)
{
	uintptr_t first = (uintptr_t)at;
	return can_read_page(probe, first) && can_read_page(probe, first + bytes - 1);
}

static bool can_read_string(struct probe *probe, const char *text)
{
	for (;;) {
		uintptr_t at = (uintptr_t)text;
		size_t bytes_left = MWD_PAGE - at % MWD_PAGE;
		if (!can_read_page(probe, at))
			return false;
		if (memchr(text, 0, bytes_left))
			return true;
		text += bytes_left;
	}
}

bool mw_probe_words(const void *at, unsigned n)
{
	struct probe probe = { 0 };
	return can_read(&probe, at, n * sizeof(uintptr_t));
}

bool mw_probe_string(const char *text)
{
	struct probe probe = { 0 };
	return can_read_string(&probe, text);
}

bool mw_probe_list(char *const *list)
{
	struct probe of_list = { 0 }, of_strings = { 0 };
	for (; list; list++) {
		if (!can_read(&of_list, list, sizeof(*list)))
			return false;
		if (!*list)
			break;
		if (!can_read_string(&of_strings, *list))
			return false;
	}
	return true;
}
