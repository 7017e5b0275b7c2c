/* SPDX: no licence chosen yet, see README */
/*
 * profile.h - what a report is about: all images of one or several runs, merged.
 *
 *   runs -> images -> records          as the dumps have them
 *            modules                   merged by build ID (by path where there is none)
 *            positions                 distinct (module, address): each symbolized once
 *            stacks                    tree of positions, shared by all images
 *            sites                     (stack, class): counters summed over images
 *            regions                   marked by the programs: sums over what lies in them
 *            functions, lines          of the symbolized positions; sums over sites
 *
 * Built in this order by mw_profile_open() (stacks.c, merge.c), mw_profile_resolve()
 * (resolve.c) and mw_profile_aggregate() (aggregate.c); read-only afterwards, for render/.
 * All references are indices into the arrays here. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/ingest/run.h"
#include "report/model/sums.h"
#include "report/util/array.h"
#include "report/util/index.h"
#include "report/util/strings.h"
#include "symbolize/symbolize.h"

#define MW_NONE UINT32_MAX

struct mw_module {
	uint32_t path;	    /* string id, of the first image that had it */
	uint32_t page_hash; /* see struct mwd_log_module */
	uint8_t build_id[32];
	uint8_t build_id_bytes;
	bool is_shim;	   /* our own library: its frames are left out */
	bool is_library;   /* the C or C++ library, or an allocator */
	bool is_used;	   /* has positions */
	bool is_not_shown; /* --module (selection.h) */
	unsigned handle;   /* of the symbolizer */
	enum mw_symbol_source source;
	uint32_t source_reason; /* string id */
};

struct mw_position {
	uint32_t module_idx; /* MW_NONE = none */
	uint8_t kind;	     /* enum mwd_node_kind, or one we do not know */
	bool is_exact;
	uint64_t value;
	size_t symbol_id;
	uint32_t first_frame, n_frames; /* in mw_profile.frames, innermost first */
};

/* stacks[0] is "no stack". A parent has a lower index than its children. */
struct mw_stack {
	uint32_t parent; /* the caller's stack, 0 = outermost */
	uint32_t position_idx;
	uint32_t depth;
	uint32_t region;	       /* the innermost region's stack around it, 0 = none */
	bool is_partial;	       /* ends in a marker: outer frames are missing */
	uint32_t sites[MWD_N_CLASSES]; /* site index + 1, 0 = none */
};

struct mw_site {
	uint32_t stack;
	uint16_t class;
	uint32_t owner_line; /* the one line its bytes are counted at in tables that sum up;
			      * MW_NONE = unattributed */
	struct mw_sums sums;
};

/* A region that programs marked (preload/memwatch.h), by its name: all images, all places. */
struct mw_region {
	uint32_t name; /* string id, safe for a terminal */
	uint64_t n_begun, n_ended;
	uint32_t n_images, last_image;
	int64_t first_start_ns; /* since its run's start */
	/* Of the instances that ended. */
	int64_t elapsed_sum_ns, elapsed_max_ns;
	int64_t peak_sum_bytes, peak_max_bytes;
	uint64_t stamp;
	/* Its own: what was allocated in it, exact even where sites are estimates. */
	struct mw_sums sums[MWD_N_CLASSES];
};

/* One instance of a region, or a moment (start = end); the first ones of each image only. */
struct mw_region_span {
	uint32_t image_idx;
	uint32_t region_idx; /* MW_NONE = a moment */
	uint32_t name;	     /* string id */
	uint32_t depth;
	int32_t tid;
	int64_t start_ns, end_ns; /* CLOCK_MONOTONIC */
	int64_t start_bytes, end_bytes, peak_bytes;
};

struct mw_function {
	uint32_t module_idx;		/* MW_NONE = none */
	uint32_t name;			/* string id, never 0 */
	uint32_t file;			/* string id, 0 = unknown */
	uint32_t first_line, last_line; /* lowest and highest known, 0 = none */
	bool has_symbol; /* false: all code of a module no name is known for, "[cc1]" */
	bool is_library; /* passed over when looking for a line to own bytes */
	bool is_region;	 /* no function: stands for a region in stacks, "[task load]" */
	bool is_rest;	 /* no function: stands for what is not shown (enum mw_rest) */
	uint32_t stamp;
	struct mw_sums through[MWD_N_CLASSES];
};

struct mw_line {
	uint32_t function_idx;
	uint32_t line;	  /* 0 = unknown */
	uint64_t address; /* in the module, where the function has no symbol; else 0 */
	uint32_t stamp;
	struct mw_sums through[MWD_N_CLASSES]; /* all stacks that pass here, each once */
	struct mw_sums owned[MWD_N_CLASSES];   /* sites whose owner_line this is */
	uint32_t first_share;		       /* mw_profile.shares, MW_NONE = none */
};

/* Sampled blocks of one size class that one image allocated at one site (sampled.h). */
struct mw_part {
	uint32_t image_idx, site_idx;
	uint8_t size_class;
	struct mw_sums sums; /* as counted; estimates once weighed */
};

/* What one program holds at one owner line at the tree's heap peak. */
struct mw_share {
	uint32_t line_idx, program; /* program: string id */
	uint16_t class;
	uint32_t n_images, last_image;
	int64_t bytes, blocks;
	uint32_t next; /* of the same line, MW_NONE = last */
};

struct mw_image_module {
	uint32_t id, module_idx;
};

struct mw_image_region {
	uint32_t node, region_idx;
};

struct mw_image {
	uint32_t run_idx, dump_idx;
	const struct mwd_image *head; /* borrowed from the run's bytes */
	/* Its own and its parent's, as seen from outside (pids.h); of processes in another pid
	 * namespace below -1 where nobody knows it, but unlike others', and -1 = no parent. */
	pid_t pid, ppid;
	uint32_t pid_namespace; /* another than the launcher's; 0 = the launcher's */
	uint32_t program;	/* string id: base name of argv[0] or the executable */
	uint32_t n_records;	/* used ones */
	MW_ARRAY(struct mw_image_module) modules;   /* its own, by id */
	MW_ARRAY(struct mw_image_region) regions;   /* its own, by node id */
	struct mw_sums sums[MWD_N_CLASSES];	    /* all its records */
	struct mw_sums unattributed[MWD_N_CLASSES]; /* those without an owner line */
	struct mw_sums unstacked[MWD_N_CLASSES];    /* see struct mw_profile */
	struct mw_sums elsewhere[MWD_N_CLASSES];    /* owned by lines of modules not shown */
	uint64_t partial_bytes;			    /* of heap, allocated; see struct mw_profile */
	bool is_not_shown;			    /* --process (selection.h) */
	uint32_t first_part, n_parts;		    /* in mw_profile.parts */
	uint64_t n_sampled_blocks;		    /* heap blocks with a stack, if it sampled */
};

/* Why something has no row of its own (selection.h). */
enum mw_rest {
	MW_REST_PROCESSES, /* --process */
	MW_REST_MODULES,   /* --module */
	MW_N_RESTS,
};

/* "not shown: other processes" */
extern const char *const mw_rest_names[MW_N_RESTS];

struct mw_profile {
	MW_ARRAY(struct mw_run) runs;
	struct mw_strings strings;
	MW_ARRAY(struct mw_image) images; /* run by run, in file order */
	MW_ARRAY(struct mw_module) modules;
	MW_ARRAY(struct mw_position) positions;
	MW_ARRAY(struct mw_stack) stacks;
	MW_ARRAY(struct mw_site) sites;
	MW_ARRAY(struct mw_function) functions;
	MW_ARRAY(struct mw_line) lines;
	MW_ARRAY(uint32_t) frames; /* line indices of positions */
	MW_ARRAY(struct mw_share) shares;
	MW_ARRAY(struct mw_part) parts; /* of records of sampled blocks; by image */
	MW_ARRAY(struct mw_region) regions;
	MW_ARRAY(struct mw_region_span) spans; /* image by image, in order of their ends */
	struct mw_index module_index, position_index, stack_index, function_index, line_index,
		share_index, part_index, region_index;
	/* Per dump segment of each run: site index + 1 of every record, or NULL. 0: not at a site,
	 * or a part. */
	MW_ARRAY(uint32_t *) record_sites;
	struct mw_sums sums[MWD_N_CLASSES], unattributed[MWD_N_CLASSES];
	/* What has no stack by choice: all with --stacks=off; with --sample the exact sum minus
	 * the estimates, of any sign. sums = sites + unstacked; sites = lines + unattributed. */
	struct mw_sums unstacked[MWD_N_CLASSES];
	uint32_t rest_lines[MW_N_RESTS];    /* line index + 1 of what stands for them, 0 = none */
	uint32_t rest_sites[MWD_N_CLASSES]; /* of images that are not shown */
	struct mw_sums partial[MWD_N_CLASSES]; /* sites with partial stacks */
	int64_t tree_heap_peak_bytes;	       /* sum over runs, each at its own peak */
	bool has_free_stacks;		       /* every run recorded where blocks were freed */
	bool has_stacks;		       /* some run recorded stacks */
	bool has_stackless;		       /* some run did not */
	bool is_sampled;		       /* some run recorded a sample of them */
	uint64_t n_broken_stacks; /* stacks cut because a node is missing or in a cycle */
	uint64_t n_bad_records;	  /* records of a class we do not know */
	uint64_t n_region_stamps; /* see struct mw_region */
};

/**
 * mw_profile_open() - read runs and merge their records
 * @directories: array of @n; those that cannot be read are skipped
 * @report_bad:  called once for each skipped one
 *
 * Return: 0 (profile->runs may be empty), or -ENOMEM. deinit in every case.
 */
int mw_profile_open(struct mw_profile *profile, const char *const *directories, size_t n,
	void (*report_bad)(void *context, const struct mw_diag *diag), void *context);

/** mw_profile_add_run() - add an opened run (moved into the profile) without reading records. */
int mw_profile_add_run(struct mw_profile *profile, struct mw_run *run);

/** mw_profile_merge() - records of all runs -> modules, stacks, sites; 0 or -ENOMEM. */
int mw_profile_merge(struct mw_profile *profile);

/** mw_profile_resolve() - positions -> functions and lines; 0 or -ENOMEM. */
int mw_profile_resolve(struct mw_profile *profile, const char *debug_path,
	void (*progress)(void *context, size_t n_done, size_t n_all), void *context);

/** mw_profile_add_rest_frame() - a line of its own at a new position; 0 or -ENOMEM. (resolve.c) */
int mw_profile_add_rest_frame(struct mw_profile *profile, uint32_t position_idx, const char *name);

/** mw_profile_aggregate() - sites -> sums of lines, functions and images; 0 or -ENOMEM. */
int mw_profile_aggregate(struct mw_profile *profile);

/**
 * mw_profile_image_lines() - what an image held at its own heap peak, by owner line
 * @bytes: array of n lines, zeroed by the caller, added to
 */
void mw_profile_image_lines(const struct mw_profile *profile, uint32_t image_idx, int64_t *bytes);

/**
 * mw_profile_each_record() - an image's records, settled, each with the site it was merged into;
 * of sampled records the estimates, one a site and size class; of an image that is not shown its
 * sums
 * @visit: nonzero ends the walk
 * Return: what the last @visit returned, 0 without records.
 */
int mw_profile_each_record(const struct mw_profile *profile, uint32_t image_idx,
	int (*visit)(void *context, uint32_t site_idx, const struct mw_sums *sums), void *context);

void mw_profile_deinit(struct mw_profile *profile);

/** mw_profile_owner() - who owns the run; of several runs the first owner that is not root. */
uid_t mw_profile_owner(const struct mw_profile *profile);

/* Steps of the above with files of their own. */

/** mw_profile_load_modules() - the modules an image's log names; 0 or -ENOMEM. (modules.c) */
int mw_profile_load_modules(struct mw_profile *profile, uint32_t image_idx);

/** mw_profile_find_module() - module of an image by id, over fork; MW_NONE. (modules.c) */
uint32_t mw_profile_find_module(
	const struct mw_profile *profile, uint32_t image_idx, uint32_t module_id);

/** mw_profile_load_regions() - the regions an image's log names; 0 or -ENOMEM. (regions.c) */
int mw_profile_load_regions(struct mw_profile *profile, uint32_t image_idx);

/** mw_profile_find_region() - the region of an image's node, MW_NONE = not named. (regions.c) */
uint32_t mw_profile_find_region(
	const struct mw_profile *profile, uint32_t image_idx, uint32_t node_id);

/** mw_profile_count_regions() - @sums is of a stack: add them to the regions around it. */
void mw_profile_count_regions(
	struct mw_profile *profile, uint32_t stack_idx, uint16_t class, const struct mw_sums *sums);

/* Interns nodes of one run. (stacks.c) */
struct mw_stack_builder;
struct mw_stack_builder *mw_stack_builder_create(
	struct mw_profile *profile, uint32_t run_idx, uint32_t first_image_idx);
struct mw_stack_builder *mw_stack_builder_destroy(struct mw_stack_builder *builder);
/** mw_stack_builder_intern() - stack of an image's node; 0 or -ENOMEM. Never fails on bad ids. */
int mw_stack_builder_intern(struct mw_stack_builder *builder, uint32_t dump_image_idx,
	uint32_t node_id, uint32_t *stack_out);

/* A walk over a stack's frames, innermost first, inlined ones included. (aggregate.c) */
struct mw_frame_walk {
	uint32_t stack;	     /* start with the stack; 0 = ended */
	uint32_t next_frame; /* of its position; start with 0 */
};
/** mw_profile_next_frame() - the next frame's line; false at the end. */
bool mw_profile_next_frame(
	const struct mw_profile *profile, struct mw_frame_walk *walk, uint32_t *line_idx_out);

/* inline helpers */

/* Is its code in a module that --module shows? */
static inline bool mw_profile_shows(
	const struct mw_profile *profile, const struct mw_function *function)
{
	if (!profile->rest_lines[MW_REST_MODULES] || function->is_rest)
		return true;
	return function->module_idx != MW_NONE &&
	       !profile->modules.items[function->module_idx].is_not_shown;
}

/* Sums of what stands at one of the rest's lines; NULL if there is no such line. */
static inline const struct mw_sums *mw_profile_rest(
	const struct mw_profile *profile, enum mw_rest rest, unsigned class)
{
	uint32_t line = profile->rest_lines[rest];
	return line ? &profile->lines.items[line - 1].owned[class] : NULL;
}

static inline bool mw_profile_is_rest(const struct mw_profile *profile, const struct mw_line *line)
{
	return profile->functions.items[line->function_idx].is_rest;
}

static inline const char *mw_profile_text(const struct mw_profile *profile, uint32_t string_id)
{
	return mw_strings_get(&profile->strings, string_id);
}
