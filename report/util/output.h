/* SPDX: no licence chosen yet, see README */
/*
 * output.h - a file that a command writes: whole under its name, or not at all.
 *
 * A regular file is written beside its place under another name and then renamed, so whoever
 * watches it never sees half of it, and a failure leaves the old one. What is no regular file
 * (a terminal, a pipe, /dev/stdout), or stands in a directory we may not write, is written in
 * place.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct mw_output {
	FILE *file;
	char *path;	 /* owned; symbolic links followed */
	char *temporary; /* owned; NULL = written in place */
};

/**
 * mw_output_check() - could @path be opened now? Asked before hours of work; leaves nothing.
 * Return: 0 or negative errno.
 */
int mw_output_check(const char *path);

/** mw_output_open() - 0, and close in that case; or negative errno. */
int mw_output_open(struct mw_output *output_out, const char *path);

/**
 * mw_output_close() - the file appears under its name if @is_good and all of it was written
 * Return: 0 or negative errno.
 */
int mw_output_close(struct mw_output *output, bool is_good);
