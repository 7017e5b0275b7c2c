/* SPDX: no licence chosen yet, see README */
/*
 * unwind_plugin.c - a plugin for unwind_plugins.c. Built twice: NAME and FRAME_BYTES differ and
 * nothing else, so that both have the same code at the same addresses with other frame sizes.
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline, noclone))
#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)

static KEEP void PASTE(NAME, _inner)(void *(*allocate)(size_t), void (*release)(void *))
{
	volatile char room[FRAME_BYTES];
	room[0] = 1;
	release(allocate(24));
	room[1] = 2;
}

static KEEP void PASTE(NAME, _outer)(void *(*allocate)(size_t), void (*release)(void *))
{
	volatile char room[FRAME_BYTES * 3];
	room[0] = 1;
	PASTE(NAME, _inner)(allocate, release);
	room[1] = 2;
}

void work(void *(*allocate)(size_t), void (*release)(void *), unsigned n);
void work(void *(*allocate)(size_t), void (*release)(void *), unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		PASTE(NAME, _outer)(allocate, release);
}
