/* SPDX: no licence chosen yet, see README */
/*
 * symbolize.c - the table of modules and of questions, and the public interface (symbolize.h).
 * Stands between merge and render: report/ asks, reader.c answers. Hosted.
 *
 * A question is (module, address looked up); of a return address that is the address minus 1,
 * so the same instruction is looked up once. Ids index @lookups; the hash table holds id + 1,
 * 0 = empty, and is never more than half full. Questions of one module are answered by one
 * thread, which alone writes them and the module while resolve() runs.
 */
#include "symbolize/symbolize.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize/elf_file.h"
#include "symbolize/pool.h"
#include "symbolize/reader.h"
#include "symbolize/store.h"

#define FIRST_ALLOCATED 64

struct mw_symbolizer {
	char *debug_path; /* owned; as elf_file.h has it */
	unsigned n_threads;

	struct mw_symbol_module *modules; /* owned */
	size_t n_modules;
	size_t n_modules_allocated;

	struct mw_symbol_lookup *lookups; /* owned */
	size_t n_lookups;
	size_t n_lookups_allocated;

	size_t *slots;	/* owned; id + 1, 0 = empty */
	size_t n_slots; /* a power of two, > 2 * n_lookups; 0 before the first question */
};

/* Questions of one module: a stretch of the sorted list. */
struct job {
	struct mw_symbol_lookup **lookups;
	size_t n_lookups;
};

struct resolution {
	struct mw_symbolizer *symbolizer;
	struct mw_symbol_lookup **lookups; /* owned; by module, then address */
	size_t n_lookups;
	struct job *jobs; /* owned */
	size_t n_jobs;
};

struct mw_symbolizer *mw_symbolizer_create(const struct mw_symbolizer_options *options)
{
	struct mw_symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));

	if (!symbolizer)
		return NULL;
	symbolizer->debug_path =
		mw_symbol_elf_make_debug_path(options ? options->debug_path : NULL);
	symbolizer->n_threads = options ? options->n_threads : 0;
	return symbolizer->debug_path ? symbolizer : mw_symbolizer_destroy(symbolizer);
}

struct mw_symbolizer *mw_symbolizer_destroy(struct mw_symbolizer *symbolizer)
{
	if (!symbolizer)
		return NULL;
	for (size_t i = 0; i < symbolizer->n_modules; i++) {
		struct mw_symbol_module *module = &symbolizer->modules[i];

		free(module->path);
		free(module->build_id);
		mw_symbol_store_destroy(module->store);
	}
	free(symbolizer->modules);
	free(symbolizer->lookups);
	free(symbolizer->slots);
	free(symbolizer->debug_path);
	free(symbolizer);
	return NULL;
}

/* Makes room for one more of @n entries. Return: the array, moved or not; NULL = no memory, and
 * the old one is still there. */
static void *make_room(void *array, size_t n, size_t *n_allocated, size_t entry_bytes)
{
	size_t n_wanted = *n_allocated ? *n_allocated * 2 : FIRST_ALLOCATED;
	void *longer;

	if (n < *n_allocated)
		return array;
	longer = reallocarray(array, n_wanted, entry_bytes);
	if (longer)
		*n_allocated = n_wanted;
	return longer;
}

static bool is_module(const struct mw_symbol_module *module, const char *path,
	const uint8_t *build_id, size_t build_id_bytes)
{
	return module->build_id_bytes == build_id_bytes && strcmp(module->path, path) == 0 &&
	       (build_id_bytes == 0 || memcmp(module->build_id, build_id, build_id_bytes) == 0);
}

static int init_module(struct mw_symbol_module *module, const char *path, const uint8_t *build_id,
	size_t build_id_bytes)
{
	*module = (struct mw_symbol_module){
		.path = strdup(path),
		.build_id = build_id_bytes ? malloc(build_id_bytes) : NULL,
		.build_id_bytes = build_id_bytes,
		.reason = "nothing was asked of it",
	};
	if (module->path && (module->build_id || build_id_bytes == 0)) {
		if (build_id_bytes)
			memcpy(module->build_id, build_id, build_id_bytes);
		return 0;
	}
	free(module->path);
	free(module->build_id);
	return -ENOMEM;
}

/* Modules are hundreds at most, and added once each: a search through all will do. */
int mw_symbolizer_add_module(struct mw_symbolizer *symbolizer, const char *path,
	const uint8_t *build_id, size_t build_id_bytes, unsigned *module_out)
{
	struct mw_symbol_module *modules;

	if (!build_id)
		build_id_bytes = 0;
	for (size_t i = 0; i < symbolizer->n_modules; i++) {
		if (is_module(&symbolizer->modules[i], path, build_id, build_id_bytes)) {
			*module_out = (unsigned)i;
			return 0;
		}
	}
	modules = make_room(symbolizer->modules, symbolizer->n_modules,
		&symbolizer->n_modules_allocated, sizeof(*modules));
	if (!modules)
		return -ENOMEM;
	symbolizer->modules = modules;
	if (init_module(&modules[symbolizer->n_modules], path, build_id, build_id_bytes) != 0)
		return -ENOMEM;
	*module_out = (unsigned)symbolizer->n_modules++;
	return 0;
}

/* Multiplicative hashing; the high bits are the good ones. */
static size_t hash_question(unsigned module_idx, uint64_t address, size_t n_slots)
{
	uint64_t hash = (address ^ ((uint64_t)module_idx << 48)) * 0x9e3779b97f4a7c15;

	return (size_t)(hash ^ (hash >> 32)) & (n_slots - 1);
}

/* The slot with the question, or the empty one where it belongs. */
static size_t *find_slot(
	const struct mw_symbolizer *symbolizer, unsigned module_idx, uint64_t address)
{
	size_t slot_idx = hash_question(module_idx, address, symbolizer->n_slots);

	while (symbolizer->slots[slot_idx]) {
		const struct mw_symbol_lookup *lookup =
			&symbolizer->lookups[symbolizer->slots[slot_idx] - 1];

		if (lookup->module_idx == module_idx && lookup->address == address)
			break;
		slot_idx = (slot_idx + 1) & (symbolizer->n_slots - 1);
	}
	return &symbolizer->slots[slot_idx];
}

static int grow_slots(struct mw_symbolizer *symbolizer)
{
	size_t n_slots = symbolizer->n_slots ? symbolizer->n_slots * 2 : 4 * FIRST_ALLOCATED;
	size_t *slots;

	if (symbolizer->n_lookups + 1 <= symbolizer->n_slots / 2)
		return 0;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(symbolizer->slots);
	symbolizer->slots = slots;
	symbolizer->n_slots = n_slots;
	for (size_t i = 0; i < symbolizer->n_lookups; i++) {
		const struct mw_symbol_lookup *lookup = &symbolizer->lookups[i];

		*find_slot(symbolizer, lookup->module_idx, lookup->address) = i + 1;
	}
	return 0;
}

int mw_symbolizer_want(struct mw_symbolizer *symbolizer, unsigned module, uint64_t address,
	bool is_return_address, size_t *id_out)
{
	struct mw_symbol_lookup *lookups;
	size_t *slot;

	if (is_return_address && address > 0)
		address--;
	if (grow_slots(symbolizer) != 0)
		return -ENOMEM;
	slot = find_slot(symbolizer, module, address);
	if (*slot == 0) {
		lookups = make_room(symbolizer->lookups, symbolizer->n_lookups,
			&symbolizer->n_lookups_allocated, sizeof(*lookups));
		if (!lookups)
			return -ENOMEM;
		symbolizer->lookups = lookups;
		lookups[symbolizer->n_lookups] = (struct mw_symbol_lookup){
			.address = address,
			.module_idx = module,
		};
		*slot = ++symbolizer->n_lookups;
	}
	*id_out = *slot - 1;
	return 0;
}

static int compare_lookups(const void *a, const void *b)
{
	const struct mw_symbol_lookup *left = *(struct mw_symbol_lookup *const *)a;
	const struct mw_symbol_lookup *right = *(struct mw_symbol_lookup *const *)b;

	if (left->module_idx != right->module_idx)
		return left->module_idx < right->module_idx ? -1 : 1;
	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	return 0;
}

/* The longest first, lest the last thread works alone at the end. */
static int compare_jobs(const void *a, const void *b)
{
	size_t left = ((const struct job *)a)->n_lookups;
	size_t right = ((const struct job *)b)->n_lookups;

	return left == right ? 0 : left > right ? -1 : 1;
}

static void make_jobs(struct resolution *resolution)
{
	for (size_t i = 0; i < resolution->n_lookups; i++) {
		struct mw_symbol_lookup **lookup = &resolution->lookups[i];

		if (i == 0 || lookup[-1]->module_idx != lookup[0]->module_idx)
			resolution->jobs[resolution->n_jobs++].lookups = lookup;
		resolution->jobs[resolution->n_jobs - 1].n_lookups++;
	}
	qsort(resolution->jobs, resolution->n_jobs, sizeof(*resolution->jobs), compare_jobs);
}

static int init_resolution(struct resolution *resolution, struct mw_symbolizer *symbolizer)
{
	*resolution = (struct resolution){
		.symbolizer = symbolizer,
		.lookups = calloc(symbolizer->n_lookups + 1, sizeof(*resolution->lookups)),
		.jobs = calloc(symbolizer->n_modules + 1, sizeof(*resolution->jobs)),
	};
	if (!resolution->lookups || !resolution->jobs)
		return -ENOMEM;
	for (size_t i = 0; i < symbolizer->n_lookups; i++) {
		struct mw_symbol_lookup *lookup = &symbolizer->lookups[i];

		if (lookup->symbol.n_frames == 0)
			resolution->lookups[resolution->n_lookups++] = lookup;
	}
	qsort(resolution->lookups, resolution->n_lookups, sizeof(*resolution->lookups),
		compare_lookups);
	make_jobs(resolution);
	return 0;
}

static struct mw_symbol_module *get_job_module(struct resolution *resolution, size_t job_idx)
{
	return &resolution->symbolizer->modules[resolution->jobs[job_idx].lookups[0]->module_idx];
}

static void run_job(void *context, size_t job_idx)
{
	struct resolution *resolution = context;
	const struct job *job = &resolution->jobs[job_idx];
	struct mw_symbol_module *module = get_job_module(resolution, job_idx);

	if (!module->store)
		module->store = mw_symbol_store_create();
	if (module->store)
		mw_symbol_reader_read(
			module, resolution->symbolizer->debug_path, job->lookups, job->n_lookups);
}

static int find_failure(struct resolution *resolution)
{
	for (size_t i = 0; i < resolution->n_jobs; i++) {
		const struct mw_symbol_module *module = get_job_module(resolution, i);

		if (!module->store || mw_symbol_store_has_failed(module->store))
			return -ENOMEM;
	}
	return 0;
}

int mw_symbolizer_resolve(struct mw_symbolizer *symbolizer,
	void (*progress)(void *context, size_t n_done, size_t n_all), void *context)
{
	struct resolution resolution;
	int result = init_resolution(&resolution, symbolizer);

	if (result == 0) {
		struct mw_symbol_pool_jobs jobs = {
			.run = run_job,
			.run_context = &resolution,
			.n_jobs = resolution.n_jobs,
			.progress = progress,
			.progress_context = context,
		};

		mw_symbol_pool_run(&jobs, symbolizer->n_threads);
		result = find_failure(&resolution);
	}
	free(resolution.lookups);
	free(resolution.jobs);
	return result;
}

struct mw_symbol mw_symbolizer_get(const struct mw_symbolizer *symbolizer, size_t id)
{
	static const struct mw_symbol_frame unknown_frame;

	if (id < symbolizer->n_lookups && symbolizer->lookups[id].symbol.n_frames > 0)
		return symbolizer->lookups[id].symbol;
	return (struct mw_symbol){ .frames = &unknown_frame, .n_frames = 1 };
}

enum mw_symbol_source mw_symbolizer_module_source(
	const struct mw_symbolizer *symbolizer, unsigned module, const char **reason_out)
{
	if (reason_out)
		*reason_out = symbolizer->modules[module].reason;
	return symbolizer->modules[module].source;
}
