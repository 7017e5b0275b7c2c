/* SPDX: no licence chosen yet, see README */
/*
 * truth_peak.c - which maximum is the peak, and who held it. The argument picks the shape:
 *   hills   several maxima, the third is the highest; lines differ in what they hold at each
 *   exit    the maximum is what is live at the end
 *   equal   the maximum is reached twice by different lines: the first one counts
 *   realloc one block grows in place and by moving: never old and new at once
 *   sawtooth the total comes near the peak many times, and the last tooth tops it by one byte
 */
#include "workloads/truth.h"

#include <stdlib.h>
#include <string.h>

#define KIB 1024u

static TRUTH_NOINLINE void *red(size_t n)
{
	void *p = T_MALLOC(n);

	TRUTH_KEEP_FRAME();
	return p;
}

static TRUTH_NOINLINE void *green(size_t n)
{
	void *p = T_CALLOC(1, n);

	TRUTH_KEEP_FRAME();
	return p;
}

static TRUTH_NOINLINE void *blue(void *old, size_t n)
{
	void *p = T_REALLOC(old, n);

	TRUTH_KEEP_FRAME();
	return p;
}

static void hill(size_t red_bytes, size_t green_bytes, size_t blue_bytes)
{
	void *a = red(red_bytes);
	void *b = green(green_bytes);
	void *c = blue(NULL, blue_bytes);

	T_FREE(b);
	T_FREE(a);
	T_FREE(c);
}

static void hills(void)
{
	hill(100 * KIB, 10 * KIB, 1 * KIB);
	hill(10 * KIB, 150 * KIB, 20 * KIB);
	hill(60 * KIB, 70 * KIB, 80 * KIB);
	hill(209 * KIB, 0, 0);
	hill(1, 2, 3);
}

static void at_exit(void)
{
	hill(50 * KIB, 50 * KIB, 50 * KIB);
	red(100 * KIB);
	green(100 * KIB);
}

static void equal(void)
{
	void *a = red(300 * KIB);

	T_FREE(a);
	void *b = green(300 * KIB);

	T_FREE(b);
}

static void grow(void)
{
	char *p = blue(NULL, 1 * KIB);

	for (size_t n = 2 * KIB; n <= 512 * KIB; n *= 2)
		p = blue(p, n);
	T_FREE(p);
	red(500 * KIB);
}

static void sawtooth(void)
{
	void *base = red(64 * KIB);

	for (int i = 0; i < 200; i++)
		T_FREE(green(100 * KIB));
	T_FREE(green(100 * KIB + 1));
	T_FREE(blue(NULL, 100 * KIB));
	T_FREE(base);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} shapes[] = { { "hills", hills }, { "exit", at_exit }, { "equal", equal },
		{ "realloc", grow }, { "sawtooth", sawtooth } };

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		if (argc < 2 || strcmp(argv[1], shapes[i].name))
			continue;
		shapes[i].run();
		truth_print(argv[1]);
		return 0;
	}
	truth_say("usage: truth_peak hills|exit|equal|realloc|sawtooth\n");
	return 64;
}
