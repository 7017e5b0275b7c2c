/* SPDX: no licence chosen yet, see README */
/*
 * dump.c - bytes of run.mwd -> images and segments; the reader duties of preload/format.h.
 *
 * One walk over the file in segment steps, page by page where no header stands, then segments
 * are given to their images. Called by model/ through run.h, and by the fuzzer directly.
 */
#include "report/ingest/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const uint8_t magic_bytes[8] = MWD_MAGIC_BYTES;

static uint32_t element_bytes_of(uint16_t kind)
{
	return kind == MWD_SEGMENT_NODES     ? sizeof(struct mwd_node)
	       : kind == MWD_SEGMENT_RECORDS ? sizeof(struct mwd_record)
					     : 0;
}

static int check_control(
	struct mw_span bytes, const char *name, struct mwd_control *control, struct mw_diag *diag)
{
	if (bytes.n_bytes == 0) {
		mw_diag_set(diag, "%s: empty file", name);
		return -EINVAL;
	}
	size_t n = bytes.n_bytes < sizeof(magic_bytes) ? bytes.n_bytes : sizeof(magic_bytes);
	if (memcmp(bytes.bytes, magic_bytes, n) != 0) {
		mw_diag_set(diag, "%s: not a memwatch dump", name);
		return -EINVAL;
	}
	if (bytes.n_bytes < MWD_PAGE || !mw_span_read(bytes, 0, control, sizeof(*control))) {
		mw_diag_set(diag, "%s: truncated: %zu bytes, the control page alone has %u", name,
			bytes.n_bytes, MWD_PAGE);
		return -EINVAL;
	}
	if (control->version == __builtin_bswap32(MWD_VERSION)) {
		mw_diag_set(diag, "%s: written on a machine of the other byte order", name);
		return -EINVAL;
	}
	if (control->version != MWD_VERSION) {
		mw_diag_set(diag, "%s: dump format version %u, this program reads version %u", name,
			control->version, MWD_VERSION);
		return -EINVAL;
	}
	return 0;
}

/* Times of peaks are those of the kernel's last tick, which can lie before the run began. */
static void put_peak_in_run(struct mwd_control *control)
{
	if (control->heap_peak_ns != 0 && control->heap_peak_ns < control->start_monotonic_ns)
		control->heap_peak_ns = control->start_monotonic_ns;
}

/* Where the walk begins. */
static uint64_t first_claim(const struct mwd_control *control)
{
	uint64_t bytes = control->control_bytes;
	return bytes >= MWD_PAGE && bytes <= MWD_CLAIM_ALIGN && bytes % MWD_PAGE == 0 ? bytes
										      : MWD_PAGE;
}

/* Where the walk ends: the claimed part, or the whole file if the claim makes no sense. */
static uint64_t walk_end(const struct mw_dump *dump, size_t n_bytes)
{
	uint64_t next = dump->control.next_offset;
	if (next < MWD_PAGE || next % MWD_PAGE != 0 || next > n_bytes)
		return n_bytes;
	uint64_t allocated = dump->control.allocated_end;
	return allocated > next && allocated <= n_bytes ? allocated : next;
}

static int add_image(struct mw_dump *dump, struct mw_span bytes, uint64_t offset)
{
	struct mw_span page;
	if (!mw_span_part(bytes, offset, sizeof(struct mwd_image), &page))
		return 0; /* cut; counted by the caller */
	struct mw_dump_image *image = mw_array_push(&dump->images);
	if (!image)
		return -ENOMEM;
	image->head = (const struct mwd_image *)page.bytes;
	image->offset = offset;
	image->parent_idx = MW_DUMP_NO_IMAGE;
	return 0;
}

/* Keep a nodes, records or log segment; image_idx holds nothing yet, see attach_segments(). */
static int add_segment(struct mw_dump *dump, struct mw_span whole, const struct mwd_segment *header)
{
	uint32_t element_bytes = element_bytes_of(header->kind);
	if (element_bytes != 0 && header->element_bytes != element_bytes) {
		dump->damage.n_bad_segments++;
		return 0;
	}
	struct mw_span content;
	if (!mw_span_part(whole, header->header_bytes,
		    whole.n_bytes < header->header_bytes ? 0 : whole.n_bytes - header->header_bytes,
		    &content))
		return 0; /* cut before its first element */
	uint32_t image_idx = mw_dump_find_image(dump, header->image);
	if (image_idx == MW_DUMP_NO_IMAGE) {
		dump->damage.n_orphans++;
		return 0;
	}
	struct mw_dump_segment *segment = mw_array_push(&dump->segments);
	if (!segment)
		return -ENOMEM;
	segment->kind = header->kind;
	segment->image_idx = image_idx;
	segment->first_id = header->first_id;
	segment->content = content;
	if (element_bytes != 0) {
		size_t fits = content.n_bytes / element_bytes;
		segment->n_elements = header->capacity < fits ? header->capacity : (uint32_t)fits;
	}
	return 0;
}

static bool is_sane_header(const struct mwd_segment *header)
{
	return header->bytes >= MWD_PAGE && header->bytes % MWD_PAGE == 0 &&
	       header->header_bytes >= sizeof(*header) && header->header_bytes % 8 == 0 &&
	       header->header_bytes <= header->bytes;
}

/* Visits every segment header; pass 1 takes images, pass 2 the rest (their image may follow). */
static int walk(struct mw_dump *dump, struct mw_span bytes, bool wants_images)
{
	struct mw_dump_damage unused = { 0 };
	struct mw_dump_damage *damage = wants_images ? &dump->damage : &unused;
	uint64_t end = walk_end(dump, bytes.n_bytes);
	uint64_t step;
	for (uint64_t offset = first_claim(&dump->control); offset < end; offset += step) {
		struct mwd_segment header;
		step = MWD_PAGE;
		if (!mw_span_read(bytes, offset, &header, sizeof(header)))
			break;
		if (header.magic != MWD_SEGMENT_MAGIC) {
			damage->torn_bytes += offset < dump->control.next_offset ? MWD_PAGE : 0;
			continue;
		}
		if (!is_sane_header(&header)) {
			damage->n_bad_segments++;
			continue;
		}
		uint64_t left = bytes.n_bytes - offset;
		damage->n_cut_segments += header.bytes > left;
		step = header.bytes > left ? left : header.bytes;
		bool is_image = header.kind == MWD_SEGMENT_IMAGE;
		bool is_known = header.kind >= MWD_SEGMENT_IMAGE && header.kind <= MWD_SEGMENT_LOG;
		damage->n_unknown_kinds += !is_known && header.kind != MWD_SEGMENT_RULES;
		struct mw_span whole = { bytes.bytes + offset, (size_t)step };
		int error = 0;
		if (is_image && wants_images)
			error = add_image(dump, bytes, offset);
		else if (is_known && !is_image && !wants_images)
			error = add_segment(dump, whole, &header);
		if (error)
			return error;
	}
	return 0;
}

/* What was claimed and surely had disk blocks, but is not in the file: it was truncated. */
static uint64_t missing_bytes(const struct mwd_control *control, size_t n_bytes)
{
	uint64_t written = control->next_offset;
	if (control->allocated_end != 0 && control->allocated_end < written)
		written = control->allocated_end;
	return written > n_bytes ? written - n_bytes : 0;
}

static int compare_segments(const void *left, const void *right)
{
	const struct mw_dump_segment *a = left, *b = right;
	if (a->image_idx != b->image_idx)
		return a->image_idx < b->image_idx ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->first_id != b->first_id)
		return a->first_id < b->first_id ? -1 : 1;
	return a->content.bytes < b->content.bytes ? -1 : a->content.bytes > b->content.bytes;
}

static void attach_segments(struct mw_dump *dump)
{
	if (dump->segments.n > 0)
		qsort(dump->segments.items, dump->segments.n, sizeof(dump->segments.items[0]),
			compare_segments);
	for (size_t i = 0; i < dump->segments.n; i++) {
		struct mw_dump_image *image =
			&dump->images.items[dump->segments.items[i].image_idx];
		if (image->n_segments++ == 0)
			image->first_segment = (uint32_t)i;
	}
}

/* A parent stands before its child in the file (the child claimed later), so chains of parents
 * end: no cycle is possible among the links kept here. */
static void link_parents(struct mw_dump *dump)
{
	for (size_t i = 0; i < dump->images.n; i++) {
		struct mw_dump_image *image = &dump->images.items[i];
		uint64_t parent = image->head->parent_image;
		if (parent == 0)
			continue;
		uint32_t parent_idx = mw_dump_find_image(dump, parent);
		if (parent_idx == MW_DUMP_NO_IMAGE || parent_idx >= i)
			dump->damage.n_bad_parents++;
		else
			image->parent_idx = parent_idx;
	}
}

int mw_dump_parse(
	struct mw_span bytes, const char *name, struct mw_dump *dump_out, struct mw_diag *diag)
{
	memset(dump_out, 0, sizeof(*dump_out));
	int error = check_control(bytes, name, &dump_out->control, diag);
	if (error)
		return error;
	put_peak_in_run(&dump_out->control);
	uint64_t next = dump_out->control.next_offset;
	dump_out->damage.missing_bytes = missing_bytes(&dump_out->control, bytes.n_bytes);
	if (next < MWD_PAGE || next % MWD_PAGE != 0)
		dump_out->damage.n_bad_segments++;
	error = walk(dump_out, bytes, true);
	if (!error)
		error = walk(dump_out, bytes, false);
	if (error) {
		mw_diag_set(diag, "%s: out of memory", name);
		return error;
	}
	attach_segments(dump_out);
	link_parents(dump_out);
	return 0;
}

void mw_dump_deinit(struct mw_dump *dump)
{
	mw_array_deinit(&dump->images);
	mw_array_deinit(&dump->segments);
}

bool mw_dump_is_damaged(const struct mw_dump *dump)
{
	const struct mw_dump_damage *damage = &dump->damage;
	return damage->missing_bytes || damage->n_cut_segments || damage->n_bad_segments ||
	       damage->n_orphans || damage->n_bad_parents;
}

uint32_t mw_dump_find_image(const struct mw_dump *dump, uint64_t offset)
{
	size_t low = 0, high = dump->images.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (dump->images.items[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	bool is_there = low < dump->images.n && dump->images.items[low].offset == offset;
	return is_there ? (uint32_t)low : MW_DUMP_NO_IMAGE;
}

const struct mwd_node *mw_dump_find_node(const struct mw_dump *dump, uint32_t image_idx,
	uint32_t node_id, uint32_t *segment_out, uint32_t *element_out)
{
	const struct mw_dump_image *image = &dump->images.items[image_idx];
	const struct mw_dump_segment *segments = dump->segments.items + image->first_segment;
	/* The last segment of kind <= NODES (the first kind there is) with first_id <= node_id. */
	size_t low = 0, high = image->n_segments;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mw_dump_segment *at = &segments[middle];
		if (at->kind == MWD_SEGMENT_NODES && at->first_id <= node_id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || node_id - segments[low - 1].first_id >= segments[low - 1].n_elements)
		return NULL;
	const struct mw_dump_segment *found = &segments[low - 1];
	uint32_t element = node_id - found->first_id;
	if (segment_out)
		*segment_out = image->first_segment + (uint32_t)low - 1;
	if (element_out)
		*element_out = element;
	return (const struct mwd_node *)found->content.bytes + element;
}

bool mw_dump_next_log(const struct mw_dump *dump, uint32_t image_idx,
	struct mw_dump_log_cursor *cursor, struct mw_span *entry_out)
{
	const struct mw_dump_image *image = &dump->images.items[image_idx];
	for (; cursor->segment < image->n_segments; cursor->segment++, cursor->offset = 0) {
		const struct mw_dump_segment *segment =
			&dump->segments.items[image->first_segment + cursor->segment];
		if (segment->kind != MWD_SEGMENT_LOG)
			continue;
		struct mwd_log_entry entry;
		if (!mw_span_read(segment->content, cursor->offset, &entry, sizeof(entry)) ||
			entry.type == 0 || entry.bytes < sizeof(entry) || entry.bytes % 8 != 0 ||
			!mw_span_part(segment->content, cursor->offset, entry.bytes, entry_out))
			continue;
		cursor->offset += entry.bytes;
		return true;
	}
	return false;
}
