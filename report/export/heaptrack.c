/* SPDX: no licence chosen yet, see README */
/*
 * heaptrack.c - a file for heaptrack_gui and heaptrack_print: the text that heaptrack_interpret
 * writes, version 2, numbers in hexadecimal:
 *
 *     s TEXT                         string 1, 2, ...
 *     i ADDRESS MODULE FUNCTION FILE LINE     place 1, 2, ...; strings, 0 = none
 *     t PLACE PARENT                 stack 1, 2, ...; parent's stack, 0 = outermost
 *     a BYTES STACK                  kind of block 0, 1, ...
 *     + KIND, - KIND                 one was allocated, freed
 *     c MS, R PAGES                  time, RSS
 *
 * That is a run event by event, and we have counters. So the events are made up, such that each
 * stack has its own number of allocations, its bytes at the peak, and its bytes at the end: first
 * what came and went, then all that was live at the peak, of which is freed what did not stay, then
 * what came later and stayed. The total is at no time above the peak. Sizes of blocks are averages
 * of their stack; times are the peak's and the end's only.
 *
 * heaptrack calls a block temporary if its kind is the one of the event before. We do not know, so
 * there is none: each kind is there twice, a lower one for frees, a higher one for allocations.
 */
#include "report/export/weights.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "report/util/format.h"

#define MAX_EVENTS (1ll << 28) /* a file of some gigabytes */

/* Blocks of one stack, of two sizes one byte apart, so that they have these bytes. */
struct blocks {
	int64_t n, bytes;
	uint64_t kind; /* of the smaller, to free; + 1 to allocate; + 2, + 3 of the larger */
};

/* One stack's life: see above. kept + passed = live at the peak; kept + late = live at the end. */
struct life {
	struct blocks gone, kept, passed, late;
};

struct node {
	uint32_t parent, place; /* from 1; parent 0 = none */
};

struct writer {
	FILE *out; /* borrowed */
	const struct mw_profile *profile;
	uint32_t *place_of_line; /* owned; 0 = not written yet */
	uint32_t n_strings, n_places;
	uint64_t n_kinds;
	MW_ARRAY(struct node) nodes; /* stack - 1 */
	struct mw_index index;
	MW_ARRAY(struct life) lives;
	int64_t peak_bytes, left_bytes, n_allocations;
};

/* 0 = none */
static uint32_t write_string(struct writer *writer, const char *text)
{
	char clean[MW_EXPORT_NAME_BYTES];
	if (!text)
		return 0;
	snprintf(clean, sizeof(clean), "%s", text);
	mw_format_clean(clean);
	fprintf(writer->out, "s %s\n", clean);
	return ++writer->n_strings;
}

/* @line_idx: MW_NONE = unattributed */
static uint32_t write_place(struct writer *writer, uint32_t line_idx)
{
	const struct mw_profile *profile = writer->profile;
	uint32_t *place = &writer->place_of_line[line_idx == MW_NONE ? profile->lines.n : line_idx];
	char name[MW_EXPORT_NAME_BYTES] = MW_EXPORT_UNATTRIBUTED;
	const struct mw_line nowhere = { 0 };
	const char *module = NULL, *file = NULL;
	if (*place)
		return *place;
	const struct mw_line *line = &nowhere;
	if (line_idx != MW_NONE) {
		line = &profile->lines.items[line_idx];
		const struct mw_function *function = &profile->functions.items[line->function_idx];
		mw_weights_frame_name(profile, line_idx, name);
		file = mw_profile_text(profile, function->file);
		if (function->module_idx != MW_NONE)
			module = mw_profile_text(
				profile, profile->modules.items[function->module_idx].path);
	}
	uint32_t module_string = write_string(writer, module);
	uint32_t name_string = write_string(writer, name);
	uint32_t file_string = write_string(writer, file);
	*place = ++writer->n_places;
	/* heaptrack merges places of one address. */
	fprintf(writer->out, "i %" PRIx64 " %x %x %x %x\n",
		line->address ? line->address : (uint64_t)*place, module_string, name_string,
		file_string, line->line);
	return *place;
}

static bool is_node(const void *context, uint32_t element, const void *key)
{
	const struct writer *writer = context;
	const struct node *node = &writer->nodes.items[element], *wanted = key;
	return node->parent == wanted->parent && node->place == wanted->place;
}

/* The stack of a frame called from @parent; 0 = no memory. */
static uint32_t write_node(struct writer *writer, uint32_t parent, uint32_t line_idx)
{
	struct node key = { parent, write_place(writer, line_idx) };
	uint64_t hash = mw_hash_word(mw_hash_word(MW_HASH_START, parent), key.place);
	uint32_t found;
	if (mw_index_find(&writer->index, hash, is_node, writer, &key, &found) == 0)
		return found + 1;
	struct node *node = mw_array_push(&writer->nodes);
	found = (uint32_t)writer->nodes.n - 1;
	if (!node || mw_index_add(&writer->index, hash, found))
		return 0;
	*node = key;
	fprintf(writer->out, "t %x %x\n", key.place, parent);
	return found + 1;
}

static uint32_t write_stack(struct writer *writer, uint32_t site_idx)
{
	static uint32_t lines[MW_EXPORT_MAX_DEPTH];
	size_t n = mw_weights_stack(writer->profile, site_idx, lines, MW_EXPORT_MAX_DEPTH);
	uint32_t stack = n ? 0 : write_node(writer, 0, MW_NONE);
	for (size_t i = 0; i < n; i++) {
		stack = write_node(writer, stack, lines[i]);
		if (!stack)
			break;
	}
	return stack;
}

static int64_t at_least_0(int64_t number)
{
	return number > 0 ? number : 0;
}

static int64_t lower(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Blocks that are live at both moments are as many as there must be. */
static struct life life_of(const struct mw_sums *sums, enum mwd_peak peak)
{
	int64_t n = (int64_t)sums->allocated_blocks;
	struct blocks at_peak = { sums->peak_blocks[peak], at_least_0(sums->peak_bytes[peak]), 0 };
	struct blocks left = { mw_sums_live_blocks(sums), at_least_0(mw_sums_live_bytes(sums)), 0 };
	struct life life = { 0 };
	at_peak.n = lower(at_least_0(at_peak.n), n);
	left.n = lower(at_least_0(left.n), n);
	life.kept.n = at_least_0(at_peak.n + left.n - n);
	life.kept.bytes = life.kept.n ? lower(at_peak.bytes, left.bytes) : 0;
	life.passed =
		(struct blocks){ at_peak.n - life.kept.n, at_peak.bytes - life.kept.bytes, 0 };
	life.late = (struct blocks){ left.n - life.kept.n, left.bytes - life.kept.bytes, 0 };
	life.gone.n = at_least_0(n - at_peak.n - left.n);
	life.gone.bytes = at_least_0(
		mw_minus(mw_minus((int64_t)sums->allocated_bytes, at_peak.bytes), left.bytes));
	return life;
}

static void write_kinds(struct writer *writer, struct blocks *blocks, uint32_t stack)
{
	if (blocks->n == 0)
		return;
	int64_t size = blocks->bytes / blocks->n;
	blocks->kind = writer->n_kinds;
	writer->n_kinds += 4;
	for (unsigned i = 0; i < 4; i++)
		fprintf(writer->out, "a %" PRIx64 " %x\n", (uint64_t)size + i / 2, stack);
}

static int write_life(struct writer *writer, const struct mw_weight *weight, enum mwd_peak peak)
{
	uint64_t n = weight->sums.allocated_blocks;
	if (n > MAX_EVENTS || (writer->n_allocations += (int64_t)n) > MAX_EVENTS)
		return -EFBIG;
	struct life *life = mw_array_push(&writer->lives);
	uint32_t stack = life ? write_stack(writer, weight->site_idx) : 0;
	if (!stack)
		return -ENOMEM;
	*life = life_of(&weight->sums, peak);
	write_kinds(writer, &life->gone, stack);
	write_kinds(writer, &life->kept, stack);
	write_kinds(writer, &life->passed, stack);
	write_kinds(writer, &life->late, stack);
	writer->peak_bytes =
		mw_plus(writer->peak_bytes, mw_plus(life->kept.bytes, life->passed.bytes));
	writer->left_bytes =
		mw_plus(writer->left_bytes, mw_plus(life->kept.bytes, life->late.bytes));
	return 0;
}

static void write_events(struct writer *writer, const struct blocks *blocks, bool is_free)
{
	int64_t n_larger = blocks->n ? blocks->bytes % blocks->n : 0;
	for (int64_t i = 0; i < blocks->n; i++)
		fprintf(writer->out, "%c %" PRIx64 "\n", is_free ? '-' : '+',
			blocks->kind + (i < n_larger ? 2 : 0) + !is_free);
}

/* No block that came and went is above the peak by itself: of a stack whose blocks at the peak and
 * at the end are partly the same, the average may be. Kind 0 is one of no bytes. */
static void write_gone(struct writer *writer, const struct blocks *gone)
{
	bool is_too_large = gone->n && gone->bytes / gone->n > writer->peak_bytes;
	uint64_t kind = is_too_large ? 0 : gone->kind;
	for (int64_t i = 0; i < gone->n; i++)
		fprintf(writer->out, "+ %" PRIx64 "\n- %" PRIx64 "\n", kind + 1, kind);
}

static void write_run(struct writer *writer, int64_t peak_ms, int64_t end_ms)
{
	for (size_t i = 0; i < writer->lives.n; i++)
		write_gone(writer, &writer->lives.items[i].gone);
	fprintf(writer->out, "c %" PRIx64 "\n", (uint64_t)peak_ms);
	for (size_t i = 0; i < writer->lives.n; i++) {
		write_events(writer, &writer->lives.items[i].kept, false);
		write_events(writer, &writer->lives.items[i].passed, false);
	}
	fprintf(writer->out, "c %" PRIx64 "\n",
		(uint64_t)(end_ms > peak_ms ? end_ms : peak_ms + 1));
	for (size_t i = 0; i < writer->lives.n; i++)
		write_events(writer, &writer->lives.items[i].passed, true);
	for (size_t i = 0; i < writer->lives.n; i++)
		write_events(writer, &writer->lives.items[i].late, false);
}

struct image_filter {
	struct writer *writer;
	uint32_t image_idx;
};

static int take_weight(void *context, const struct mw_weight *weight)
{
	const struct image_filter *filter = context;
	return weight->group == filter->image_idx
		       ? write_life(filter->writer, weight, MWD_PEAK_PROCESS_HEAP)
		       : 0;
}

/* All stacks; of one image at its own peak. */
static int write_lives(struct writer *writer, uint32_t image_idx)
{
	struct image_filter filter = { writer, image_idx };
	struct mw_weights weights = { 0 };
	if (image_idx != MW_NONE)
		return mw_weights_each(writer->profile, take_weight, &filter);
	int error = mw_weights_collect(&weights, writer->profile, false);
	for (size_t i = 0; !error && i < weights.items.n; i++)
		error = write_life(writer, &weights.items.items[i], MWD_PEAK_TREE_HEAP);
	mw_weights_deinit(&weights);
	return error;
}

static int64_t ms_since_start(const struct mwd_control *control, int64_t at_ns)
{
	int64_t ms = mw_minus(at_ns, control->start_monotonic_ns) / 1000000;
	return at_ns == 0 || ms < 0 ? 0 : ms;
}

static void write_head(struct writer *writer, const struct mw_run *run, uint32_t image_idx)
{
	const struct mwd_image *head =
		image_idx == MW_NONE ? NULL : writer->profile->images.items[image_idx].head;
	char name[MW_EXPORT_NAME_BYTES];
	int64_t rss_bytes = head ? (int64_t)head->vm_hwm_bytes : run->dump.control.rss_peak_bytes;
	long page = sysconf(_SC_PAGESIZE), n_pages = sysconf(_SC_PHYS_PAGES);
	snprintf(name, sizeof(name), "%s",
		head ? mw_profile_text(
			       writer->profile, writer->profile->images.items[image_idx].program)
		: run->info.command ? run->info.command
				    : "?");
	mw_format_clean(name);
	fprintf(writer->out, "v 10400 2\nX %s\nI %lx %lx\nR %" PRIx64 "\na 0 0\na 0 0\n", name,
		(unsigned long)page, (unsigned long)n_pages,
		(uint64_t)(at_least_0(rss_bytes) / page));
	writer->n_kinds = 2;
}

int mw_export_heaptrack(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options)
{
	const struct mw_profile *profile = &view->profile;
	uint32_t image_idx = options->image_idx;
	uint32_t run_idx = image_idx == MW_NONE ? 0 : profile->images.items[image_idx].run_idx;
	const struct mw_run *run = &profile->runs.items[run_idx];
	struct writer writer = { .out = out, .profile = profile };
	writer.place_of_line = calloc(profile->lines.n + 1, sizeof(*writer.place_of_line));
	int64_t peak_ns = image_idx == MW_NONE
				  ? run->dump.control.heap_peak_ns
				  : profile->images.items[image_idx].head->heap_peak_ns;
	write_head(&writer, run, image_idx);
	int error = writer.place_of_line ? write_lives(&writer, image_idx) : -ENOMEM;
	if (!error && writer.left_bytes > writer.peak_bytes)
		error = -ERANGE;
	if (!error)
		write_run(&writer, ms_since_start(&run->dump.control, peak_ns),
			(int64_t)(run->info.duration_seconds * 1000));
	free(writer.place_of_line);
	mw_array_deinit(&writer.nodes);
	mw_array_deinit(&writer.lives);
	mw_index_deinit(&writer.index);
	return error;
}
