/* SPDX: no licence chosen yet, see README */
/*
 * selection.h - --process and --module: which heap sites are shown. The others are not dropped but
 * become one row each, so that all that is made of the profile adds up as before.
 *
 *   other processes   one site a class, of one line, instead of all sites of their images
 *   other modules     one line that owns the sites whose own owner lies in another module; their
 *                     stacks stay, so what passes through a function is still all of it
 */
#pragma once

#include "report/model/processes.h"
#include "report/util/regex.h"

struct mw_selection {
	const struct mw_regex *process; /* command lines, anywhere; NULL = all; borrowed */
	const struct mw_regex *module;	/* paths, anywhere; NULL = all; borrowed */
};

/**
 * mw_selection_apply() - between resolving and aggregating
 * @n_given_up_out: processes and modules that are shown because the search took too long
 *
 * Return: 0 or -ENOMEM.
 */
int mw_selection_apply(const struct mw_selection *selection, struct mw_profile *profile,
	const struct mw_processes *processes, size_t *n_given_up_out);
