/* SPDX: no licence chosen yet, see README */
/* grid.c - the native half of a Python program; called through ctypes. */
#include <stdlib.h>
#include <string.h>

struct grid {
	size_t n;
	double *cells, *scratch;
};

struct grid *grid_create(size_t n)
{
	struct grid *grid = malloc(sizeof *grid);

	grid->n = n;
	grid->cells = calloc(n * n, sizeof(double));
	grid->scratch = NULL;
	return grid;
}

double grid_smooth(struct grid *grid)
{
	size_t bytes = grid->n * grid->n * sizeof(double);

	if (!grid->scratch)
		grid->scratch = malloc(4 * bytes); /* three times more than needed */
	memcpy(grid->scratch, grid->cells, bytes);
	return grid->scratch[0];
}

void grid_destroy(struct grid *grid)
{
	free(grid->cells);
	free(grid->scratch);
	free(grid);
}
