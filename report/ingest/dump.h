/* SPDX: no licence chosen yet, see README */
/*
 * dump.h - the segments of a run.mwd, found and checked. Pure functions over bytes (a fuzzer
 * calls them): no file, no printing, every offset and count verified before it is used.
 *
 * What leaves here is safe to index: an image is a whole page inside the bytes, a segment's
 * elements are all inside them and aligned, its image exists. What the elements say (node ids,
 * module ids, parents) is still the writer's word and is checked where it is followed.
 */
#pragma once

#include "preload/format.h"
#include "report/ingest/cursor.h"
#include "report/util/array.h"
#include "report/util/diag.h"

/* A nodes, records or log segment. */
struct mw_dump_segment {
	uint16_t kind;	    /* enum mwd_segment_kind */
	uint32_t image_idx; /* owner, index of mw_dump.images */
	uint32_t first_id;
	uint32_t n_elements;	/* NODES, RECORDS: capacity, cut to what the bytes hold */
	struct mw_span content; /* from the first element to the segment's end */
};

struct mw_dump_image {
	const struct mwd_image *head; /* borrowed from the bytes */
	uint64_t offset;
	uint32_t parent_idx;		    /* index of a lower offset, or MW_DUMP_NO_IMAGE */
	uint32_t first_segment, n_segments; /* run in mw_dump.segments, ordered by kind, first_id */
};

#define MW_DUMP_NO_IMAGE UINT32_MAX

/* What was wrong with the bytes; all zero for a sound dump. */
struct mw_dump_damage {
	uint64_t missing_bytes;	  /* claimed by the control page, but beyond the file's end */
	uint64_t n_cut_segments;  /* reach beyond the end of the file */
	uint64_t n_bad_segments;  /* header makes no sense */
	uint64_t n_orphans;	  /* segment names an image that is not there */
	uint64_t n_bad_parents;	  /* image names a parent that is not there */
	uint64_t torn_bytes;	  /* claimed, no header: the writer died in between; no loss */
	uint64_t n_unknown_kinds; /* segments of a newer writer */
};

struct mw_dump {
	struct mwd_control control;		   /* copy */
	MW_ARRAY(struct mw_dump_image) images;	   /* by offset, so parents come first */
	MW_ARRAY(struct mw_dump_segment) segments; /* by image, kind, first_id */
	struct mw_dump_damage damage;
};

/**
 * mw_dump_parse() - find the images and segments of a dump
 * @bytes: the whole file; must outlive the dump; 8-aligned
 * @name:  for messages
 * @diag:  set when the result is not 0
 *
 * Damage is no error: what is sound is kept, the rest counted in dump_out->damage.
 * Return: 0; -EINVAL when it is not a dump we can read; -ENOMEM. deinit in every case.
 */
int mw_dump_parse(
	struct mw_span bytes, const char *name, struct mw_dump *dump_out, struct mw_diag *diag);

void mw_dump_deinit(struct mw_dump *dump);

/** mw_dump_is_damaged() - is something missing that the writer had written? */
bool mw_dump_is_damaged(const struct mw_dump *dump);

/** mw_dump_find_image() - index of the image at a file offset, or MW_DUMP_NO_IMAGE. */
uint32_t mw_dump_find_image(const struct mw_dump *dump, uint64_t offset);

/**
 * mw_dump_find_node() - a node of an image by id, own segments only
 * @segment_out: index of the segment it is in (optional)
 * Return: NULL if the image has no such node; it may be incomplete (kind 0).
 */
const struct mwd_node *mw_dump_find_node(const struct mw_dump *dump, uint32_t image_idx,
	uint32_t node_id, uint32_t *segment_out, uint32_t *element_out);

/**
 * mw_dump_next_log() - walk an image's log
 * @cursor:    {0}-initialised place, moved on
 * @entry_out: the entry's bytes, at least a struct mwd_log_entry, 8-aligned
 * Return: false at the end.
 */
struct mw_dump_log_cursor {
	uint32_t segment; /* relative to the image's first */
	uint64_t offset;  /* in that segment's content */
};
bool mw_dump_next_log(const struct mw_dump *dump, uint32_t image_idx,
	struct mw_dump_log_cursor *cursor, struct mw_span *entry_out);
