/* SPDX: no licence chosen yet, see README */
/*
 * unwind_twin.c - a plugin for unwind_beside.c. Built twice: NAME and FRAME_BYTES differ, so that
 * both have the same code at the same places with other frame sizes. Enough functions that rules
 * are shared under the module's build ID.
 */
#include <stdlib.h>

#define KEEP __attribute__((noinline, noclone))
#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)

#define FUNCTION(n)                                                                                \
	static KEEP void PASTE(NAME, _##n)(void *(*allocate)(size_t))                              \
	{                                                                                          \
		volatile char room[FRAME_BYTES + 16 * 1##n];                                       \
		room[0] = 1;                                                                       \
		free(allocate(24));                                                                \
		room[1] = 2;                                                                       \
	}
#define CALL(n) PASTE(NAME, _##n)(allocate);
#define FIVE(each, t) each(t##0) each(t##1) each(t##2) each(t##3) each(t##4)
#define TEN(each, t) FIVE(each, t) each(t##5) each(t##6) each(t##7) each(t##8) each(t##9)
#define FORTY(each) TEN(each, 1) TEN(each, 2) TEN(each, 3) TEN(each, 4)

FORTY(FUNCTION)

void work(void *(*allocate)(size_t));
void work(void *(*allocate)(size_t))
{
	FORTY(CALL)
}
