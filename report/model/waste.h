/* SPDX: no licence chosen yet, see README */
/*
 * waste.h - heap memory that need not have been: leaked, allocated to be freed at once, moved again
 * and again. By owner line and by site; after the processes, read-only for render/.
 *
 *     leaked + library + cut off = live = allocated - freed      of each site, line, and in all
 *
 * Live at the end is no leak of a process that had no chance to free: one that a signal killed,
 * exec replaced, or that was still running.
 */
#pragma once

#include "report/model/processes.h"

enum mw_waste_kind {
	MW_WASTE_LEAKED,  /* live when its process ended by itself */
	MW_WASTE_LIBRARY, /* the same, but what the C and C++ libraries keep for themselves */
	MW_WASTE_CUT_OFF, /* live when its process was killed, replaced, or the run over */
	MW_WASTE_CHURN,	  /* allocated and freed again */
	MW_WASTE_MOVED,	  /* by realloc: blocks that a call freed where it allocated one */
	MW_N_WASTE,
};

struct mw_waste_count {
	int64_t bytes, blocks;
};

struct mw_waste_tally {
	struct mw_waste_count of[MW_N_WASTE];
};

/* What the libraries keep, by what it is. */
struct mw_waste_kept {
	const char *what;
	struct mw_waste_count count;
};

struct mw_waste {
	struct mw_waste_tally *lines, *sites; /* owned; by index of the profile's */
	struct mw_waste_tally total;	      /* of all sites and of what has none */
	struct mw_waste_tally unattributed;   /* sites without a line */
	struct mw_waste_tally unstacked;      /* see struct mw_profile */
	MW_ARRAY(struct mw_waste_kept) kept;
	size_t n_cut_off; /* processes with MW_WASTE_CUT_OFF */
	bool has_moved;	  /* stacks of frees were recorded, without them nothing is known */
};

/** mw_waste_build() - 0 or -ENOMEM; deinit in every case. */
int mw_waste_build(const struct mw_profile *profile, const struct mw_processes *processes,
	struct mw_waste *waste);
void mw_waste_deinit(struct mw_waste *waste);

/**
 * mw_waste_rank_lines() - lines with some of @kind: by bytes, of churn and moves by blocks
 * @n_out: how many
 * Return: line indices, owned by the caller; NULL without memory.
 */
uint32_t *mw_waste_rank_lines(const struct mw_profile *profile, const struct mw_waste *waste,
	enum mw_waste_kind kind, size_t *n_out);

/** mw_waste_rank_sites() - the same of the sites of one line. */
uint32_t *mw_waste_rank_sites(const struct mw_profile *profile, const struct mw_waste *waste,
	enum mw_waste_kind kind, uint32_t line_idx, size_t *n_out);
