/* SPDX: no licence chosen yet, see README */
/* stages.c - a program that works in stages, and says so. */
#include <stdlib.h>

#include "memwatch.h"

static char *load(size_t bytes)
{
	memwatch_task_begin("load");
	char *table = calloc(1, bytes);
	char *buffer = calloc(1, bytes / 2);
	free(buffer);
	memwatch_task_end("load");
	return table;
}

static void index_part(size_t bytes)
{
	memwatch_task_begin("index");
	char *volatile keys = calloc(1, bytes);
	free(keys);
	memwatch_task_end("index");
}

int main(void)
{
	char *table = load(40u << 20);
	for (size_t part = 1; part <= 4; part++)
		index_part(part << 22);
	free(table);
	return 0;
}
