/* SPDX: no licence chosen yet, see README */
/*
 * samples.h - the launcher's time series (samples.csv, process_samples.csv): a table of numbers
 * with named columns. Columns are found by name, so later ones need no change here; a column
 * that is not there, and an empty cell, are "not known".
 */
#pragma once

#include <stddef.h>

#include "report/util/array.h"

#define MW_SAMPLES_UNKNOWN (-1.0) /* nothing in these tables is negative */

struct mw_samples {
	char *text;		/* owned; the header's names point into it */
	MW_ARRAY(char *) names; /* of the columns */
	MW_ARRAY(double) cells; /* row by row, names.n each; exact for integers below 2^53 */
	size_t n_rows;
};

/**
 * mw_samples_parse() - CSV of numbers with a header line; pure
 * @text: owned by the samples from here on; NULL = no file, no rows
 *
 * A row with too few or too many cells ends the table: the file was cut there.
 * Return: 0 or -ENOMEM. deinit in every case.
 */
int mw_samples_parse(char *text, size_t n_bytes, struct mw_samples *samples_out);
void mw_samples_deinit(struct mw_samples *samples);

/** mw_samples_column() - index of a column, or names.n: not there. */
size_t mw_samples_column(const struct mw_samples *samples, const char *name);

/** mw_samples_at() - a cell; MW_SAMPLES_UNKNOWN for a column that is not there. */
double mw_samples_at(const struct mw_samples *samples, size_t row, size_t column);
