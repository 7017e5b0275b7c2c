/* SPDX: no licence chosen yet, see README */
/*
 * file_lines.h - one source file of the profile: which one a user means, and its lines whatever
 * functions they are of, for --annotate. After aggregating.
 */
#pragma once

#include "report/model/profile.h"
#include "report/util/diag.h"

struct mw_file_line {
	uint32_t line;	     /* from 1 */
	uint32_t stamp;	     /* of the last site that was added */
	struct mw_sums heap; /* all stacks that pass through a line of this number, each once */
};

struct mw_file_lines {
	MW_ARRAY(struct mw_file_line) items; /* by line; those with numbers */
};

/**
 * mw_file_lines_find() - the file whose path is @name, or ends with it at a slash
 * @file_out: string id
 * @diag:     of none or several: the candidates
 * Return: 0, -EINVAL with diag set, -ENOMEM.
 */
int mw_file_lines_find(const struct mw_profile *profile, const char *name, uint32_t *file_out,
	struct mw_diag *diag);

/** mw_file_lines_build() - heap sums of a file's lines; 0 or -ENOMEM; deinit in every case. */
int mw_file_lines_build(
	const struct mw_profile *profile, uint32_t file, struct mw_file_lines *lines);
void mw_file_lines_deinit(struct mw_file_lines *lines);
