/* increment.c - what each line of a function holds: the sample of PyCOMPSs' @profile, in C. */
#include <stdlib.h>
#include <string.h>

static char *hold(double mib)
{
	size_t bytes = (size_t)(mib * (1 << 20));
	char *block = malloc(bytes);
	if (!block)
		abort();
	return memset(block, 1, bytes);
}

static void increment(void)
{
	char *a = hold(7.7);
	char *b = hold(22.7);
	char *c = hold(228.9);
	free(b);
	free(a);
	free(c);
}

int main(void)
{
	char *before = hold(53.3);
	increment();
	free(before);
	return 0;
}
