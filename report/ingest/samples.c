/* SPDX: no licence chosen yet, see README */
/* samples.c - CSV of the launcher's samples -> numbers. See samples.h. */
#include "report/ingest/samples.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static double number_of(const char *cell)
{
	char *end;
	double value = strtod(cell, &end);
	return end != cell && *end == '\0' && isfinite(value) && value >= 0 ? value
									    : MW_SAMPLES_UNKNOWN;
}

/* Names stay in the text, each ended by a NUL. */
static int read_header(char *line, struct mw_samples *samples)
{
	for (char *name; (name = strsep(&line, ","));) {
		char **slot = mw_array_push(&samples->names);
		if (!slot)
			return -ENOMEM;
		*slot = name;
	}
	return 0;
}

/* 1 = a row, 0 = the table ends here. */
static int read_row(char *line, struct mw_samples *samples)
{
	size_t n_before = samples->cells.n, n = 0;
	for (char *cell; (cell = strsep(&line, ","));) {
		double *slot = mw_array_push(&samples->cells);
		if (!slot)
			return -ENOMEM;
		*slot = number_of(cell);
		n++;
	}
	if (n != samples->names.n) {
		samples->cells.n = n_before;
		return 0;
	}
	samples->n_rows++;
	return 1;
}

int mw_samples_parse(char *text, size_t n_bytes, struct mw_samples *samples_out)
{
	*samples_out = (struct mw_samples){ .text = text };
	if (!text)
		return 0;
	char *rest = text, *end = text + n_bytes;
	int result = 1;
	for (char *line_end; result > 0 && (line_end = memchr(rest, '\n', (size_t)(end - rest)));) {
		*line_end = '\0';
		if (rest == text)
			result = read_header(rest, samples_out) ? -ENOMEM : 1;
		else
			result = read_row(rest, samples_out);
		rest = line_end + 1;
	}
	return result < 0 ? result : 0;
}

void mw_samples_deinit(struct mw_samples *samples)
{
	mw_array_deinit(&samples->names);
	mw_array_deinit(&samples->cells);
	free(samples->text);
	*samples = (struct mw_samples){ 0 };
}

size_t mw_samples_column(const struct mw_samples *samples, const char *name)
{
	size_t i = 0;
	while (i < samples->names.n && strcmp(samples->names.items[i], name) != 0)
		i++;
	return i;
}

double mw_samples_at(const struct mw_samples *samples, size_t row, size_t column)
{
	if (row >= samples->n_rows || column >= samples->names.n)
		return MW_SAMPLES_UNKNOWN;
	return samples->cells.items[row * samples->names.n + column];
}
