/* SPDX: no licence chosen yet, see README */
/*
 * modules.c - which ELF object a pc belongs to. Zone; unwind -> account: stack nodes store
 * (module, address) so that the report needs nothing of the dead process.
 *
 * The table of known modules is append-only and private. Two threads that meet a new module at
 * once may log it twice; the reader merges modules by build ID anyway.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>

#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/log.h"
#include "preload/zone/modules.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/raw.h"
#include "preload/zone/rule.h"
#include "preload/zone/rule_share.h"
#include "preload/zone/zone.h"

#define MAX_MODULES 65535u
#define BUILD_ID_BYTES 32u

struct module {
	uintptr_t start, end, bias;
	uint64_t path_hash;
	uint64_t build_hash;	/* of build ID and first page; 0 = no build ID */
	uintptr_t shared_rules; /* table word; 0 = not attached */
	uint32_t generation;
	uint32_t n_compiled; /* rules, see COMPILED_BEFORE_SHARING */
};

static struct module *modules; /* [MAX_MODULES], pages touched as used; entry i has id i + 1 */
static uint32_t n_modules;
static uint32_t generation;
static uint32_t n_closing;

uint32_t mw_modules_generation(void)
{
	return mw_load_relaxed(&generation);
}

bool mw_modules_are_changing(void)
{
	return mw_load_relaxed(&n_closing) != 0;
}

/*
 * From begin to end nothing new is cached. Most dlclose() unload nothing, and then all that is
 * known stays true: forgetting it would cost every stack a new record.
 */
void mw_modules_close_begin(void)
{
	mw_add_acq_rel(&n_closing, 1);
}

void mw_modules_close_end(uint64_t n_unloads)
{
	static uint64_t last_n_unloads;
	if (mw_exchange_acq_rel(&last_n_unloads, n_unloads) != n_unloads) {
		mw_rule_forget_all();
		mw_add_acq_rel(&generation, 1);
	}
	mw_add_acq_rel(&n_closing, -1u);
}

struct object {
	uintptr_t start, end; /* what the pc lies in: all of it, or a segment of the program's */
	uintptr_t low, high;  /* all of it */
	uintptr_t bias;
	const char *path; /* the loader's; borrowed */
};

static bool find_vdso(uintptr_t pc, struct object *object)
{
	uintptr_t start = getauxval(AT_SYSINFO_EHDR);
	const ElfW(Ehdr) *header = (const void *)start;
	if (!start || pc < start || pc >= start + 16384)
		return false;
	const ElfW(Phdr) *segments = (const void *)(start + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++) {
		if (segments[i].p_type != PT_LOAD || pc >= start + segments[i].p_memsz)
			continue;
		uintptr_t end = start + segments[i].p_memsz;
		*object = (struct object){ start, end, start, end, start - segments[i].p_vaddr,
			"[vdso]" };
		return true;
	}
	return false;
}

/*
 * The loader reserves all of a library's range at once. The program is mapped by the kernel, and if
 * its linker left holes between its segments (node's does), _dl_find_object() tells of the one
 * segment that holds the pc: neither the ELF header nor the unwind tables lie in it.
 */
struct segments {
	const ElfW(Phdr) * headers;
	size_t n;
};

static struct segments program_segments(void)
{
	return (struct segments){ (const void *)getauxval(AT_PHDR), getauxval(AT_PHNUM) };
}

/* @object: of the program, one segment or all of it. The holes are not its own: others lie there.
 */
static void widen_program(struct object *object)
{
	struct segments segments = program_segments();
	uintptr_t low = UINTPTR_MAX, high = 0;
	for (size_t i = 0; segments.headers && i < segments.n; i++) {
		const ElfW(Phdr) *segment = &segments.headers[i];
		uintptr_t start = object->bias + segment->p_vaddr;
		if (segment->p_type != PT_LOAD)
			continue;
		if (start < low)
			low = start & -(uintptr_t)MWD_PAGE;
		if (start + segment->p_memsz > high)
			high = start + segment->p_memsz;
	}
	if (low <= object->start && high >= object->end) {
		object->low = low;
		object->high = high;
	}
}

/* The segment of the program that holds @header. */
static void find_segment(uintptr_t header, uintptr_t bias, struct mw_module_bytes *module_out)
{
	struct segments segments = program_segments();
	for (size_t i = 0; segments.headers && i < segments.n; i++) {
		const ElfW(Phdr) *segment = &segments.headers[i];
		uintptr_t start = bias + segment->p_vaddr;
		if (segment->p_type == PT_LOAD && header - start < segment->p_filesz)
			*module_out = (struct mw_module_bytes){ (const uint8_t *)start,
				(const uint8_t *)start + segment->p_filesz };
	}
}

static bool find_object(uintptr_t pc, struct object *object)
{
	struct dl_find_object found;
	if (_dl_find_object((void *)pc, &found) != 0 || !found.dlfo_link_map)
		return find_vdso(pc, object);
	object->start = object->low = (uintptr_t)found.dlfo_map_start;
	object->end = object->high = (uintptr_t)found.dlfo_map_end;
	object->bias = found.dlfo_link_map->l_addr;
	object->path = found.dlfo_link_map->l_name;
	if (!object->path[0])
		widen_program(object);
	return true;
}

static const uint8_t *vdso_unwind_header(uintptr_t pc, struct mw_module_bytes *module_out)
{
	struct object vdso;
	if (!find_vdso(pc, &vdso))
		return NULL;
	const ElfW(Ehdr) *header = (const void *)vdso.start;
	*module_out =
		(struct mw_module_bytes){ (const uint8_t *)vdso.start, (const uint8_t *)vdso.end };
	const ElfW(Phdr) *segments = (const void *)(vdso.start + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_GNU_EH_FRAME)
			return (const uint8_t *)(vdso.bias + segments[i].p_vaddr);
	return NULL;
}

const uint8_t *mw_modules_unwind_header(uintptr_t pc, struct mw_module_bytes *module_out)
{
	struct dl_find_object found;
	if (_dl_find_object((void *)pc, &found) != 0)
		return vdso_unwind_header(pc, module_out);
	*module_out = (struct mw_module_bytes){ found.dlfo_map_start, found.dlfo_map_end };
	const uint8_t *header = found.dlfo_eh_frame;
	if (header && (header < module_out->start || header >= module_out->end))
		find_segment((uintptr_t)header, found.dlfo_link_map->l_addr, module_out);
	return header;
}

bool mw_modules_is_loader(uintptr_t pc)
{
	struct dl_find_object found;
	uintptr_t base = getauxval(AT_BASE);
	return base && _dl_find_object((void *)pc, &found) == 0 &&
	       (uintptr_t)found.dlfo_map_start == base;
}

/* GNU build ID note in a mapped PT_NOTE segment. Return: bytes, 0 when there is none. */
static uint32_t find_build_id(const uint8_t *notes, size_t bytes, const uint8_t **id_out)
{
	size_t at = 0;
	while (at + sizeof(ElfW(Nhdr)) <= bytes) {
		const ElfW(Nhdr) *note = (const void *)(notes + at);
		size_t name = at + sizeof(*note);
		size_t content = name + ((note->n_namesz + 3) & ~3u);
		if (content + note->n_descsz > bytes)
			break;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
			memcmp(notes + name, "GNU", 4) == 0) {
			*id_out = notes + content;
			return note->n_descsz;
		}
		at = content + ((note->n_descsz + 3) & ~3u);
	}
	return 0;
}

/* The ELF header is mapped at the start of every object a linker makes; if not, no build ID. */
static uint32_t build_id_of(const struct object *object, const uint8_t **id_out)
{
	const ElfW(Ehdr) *header = (const void *)object->low;
	if (object->high - object->low < sizeof(*header) ||
		memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
		header->e_phoff + header->e_phnum * sizeof(ElfW(Phdr)) > MWD_PAGE)
		return 0;
	const ElfW(Phdr) *segments = (const void *)(object->low + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++) {
		uintptr_t notes = object->bias + segments[i].p_vaddr;
		if (segments[i].p_type != PT_NOTE || notes < object->low ||
			notes + segments[i].p_memsz > object->high)
			continue;
		uint32_t bytes = find_build_id((const void *)notes, segments[i].p_memsz, id_out);
		if (bytes)
			return bytes < BUILD_ID_BYTES ? bytes : BUILD_ID_BYTES;
	}
	return 0;
}

/* Of a program that the loader was told to start, /proc/self/exe is the loader. */
static const char *program_path(void)
{
	const char *told = (const char *)getauxval(AT_EXECFN);
	return getauxval(AT_BASE) || !told ? mw_image->exe : told;
}

/* Relative names come from dlopen("./x.so"): made absolute while the directory still holds. */
static size_t absolute_path(const char *path, char *out, size_t out_bytes)
{
	size_t used = 0;
	if (!path[0])
		path = program_path();
	if (path[0] != '/' && path[0] != '[') {
		long n = mw_raw(SYS_getcwd, out, out_bytes - 2, 0);
		if (n > 1) {
			used = (size_t)n; /* the kernel counts the NUL, which becomes '/' */
			out[used - 1] = '/';
		}
	}
	size_t length = strnlen(path, out_bytes - used - 1);
	memcpy(out + used, path, length);
	out[used + length] = '\0';
	return used + length;
}

static uint64_t hash_bytes(const void *data, size_t n)
{
	const uint8_t *bytes = data;
	uint64_t hash = n ? 14695981039346656037u : 0; /* FNV-1a */
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	return hash;
}

/* Some give all that they link the same build ID. In the page are sizes, symbols and their names.
 */
static uint32_t hash_first_page(const struct object *object)
{
	const uint64_t *words = (const void *)object->low;
	uint64_t hash = 0;
	for (size_t i = 0; i < MWD_PAGE / sizeof(*words); i++)
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(hash >> 32);
}

static bool log_module(const struct object *object, uint32_t id, const uint8_t *build_id,
	uint32_t build_id_bytes, uint32_t page_hash)
{
	char path[1024];
	size_t path_bytes = absolute_path(object->path, path, sizeof(path));
	size_t bytes = sizeof(struct mwd_log_module) + path_bytes + 1;
	struct mwd_log_module *entry = mw_log_begin(bytes);
	if (!entry)
		return false;
	entry->id = id;
	entry->build_id_bytes = build_id_bytes;
	entry->page_hash = page_hash;
	entry->bias = object->bias;
	entry->start = object->low;
	entry->end = object->high;
	if (build_id_bytes)
		memcpy(entry->build_id, build_id, build_id_bytes);
	entry->path_bytes = (uint32_t)path_bytes;
	memcpy(entry->path, path, path_bytes + 1);
	mw_log_commit(&entry->entry, MWD_LOG_MODULE);
	return true;
}

static MW_COLD uint32_t add_module(const struct object *object, uint32_t now)
{
	const uint8_t *build_id = NULL;
	uint32_t build_id_bytes = build_id_of(object, &build_id);
	uint32_t page_hash = build_id_bytes ? hash_first_page(object) : 0;
	struct module module = { .start = object->start,
		.end = object->end,
		.bias = object->bias,
		.path_hash = hash_bytes(object->path, strlen(object->path)),
		.generation = now,
		.build_hash = hash_bytes(build_id, build_id_bytes) ^ page_hash };

	/* The same file at the same place keeps its id: seen again after some other was unloaded,
	 * or after it was itself. */
	uint32_t n = mw_load_acquire(&n_modules);
	for (uint32_t i = 0; modules && i < n; i++) {
		struct module *known = &modules[i];
		if (known->start == module.start && known->end == module.end &&
			known->bias == module.bias && known->path_hash == module.path_hash &&
			known->build_hash == module.build_hash && build_id_bytes) {
			mw_store_relaxed(&known->generation, now);
			return i + 1;
		}
	}
	if (!modules)
		modules = mw_private_map_sequential(MAX_MODULES * sizeof(*modules));
	uint32_t at = modules && n < MAX_MODULES ? mw_add_relaxed(&n_modules, 1) : MAX_MODULES;
	if (at >= MAX_MODULES || !log_module(object, at + 1, build_id, build_id_bytes, page_hash)) {
		mw_image_lost(MWD_LOST_MODULES, 1);
		return 0;
	}
	/* release: the entry is complete when its end is there; pairs with known_module(). */
	uintptr_t end = module.end;
	module.end = 0;
	modules[at] = module;
	mw_store_release(&modules[at].end, end);
	return at + 1;
}

static bool is_within(const struct module *known, uintptr_t pc, uint32_t now)
{
	uintptr_t end = mw_load_acquire(&known->end);
	return pc < end && pc >= known->start && mw_load_relaxed(&known->generation) == now;
}

static uint32_t known_module(uintptr_t pc, uint32_t now)
{
	static uint32_t last; /* one after the other is mostly of one module */
	uint32_t i = mw_load_relaxed(&last);
	if (i && is_within(&modules[i - 1], pc, now))
		return i;
	for (i = mw_load_acquire(&n_modules); i > 0; i--)
		if (is_within(&modules[i - 1], pc, now)) {
			mw_store_relaxed(&last, i);
			return i;
		}
	return 0;
}

uint16_t mw_modules_locate(uintptr_t pc, uint64_t *value_out)
{
	uint32_t now = mw_modules_generation();
	uint32_t id = known_module(pc, now);
	struct object object;
	if (!id && find_object(pc, &object))
		id = add_module(&object, now);
	if (id)
		*value_out = pc - modules[id - 1].bias;
	return (uint16_t)id;
}

static struct module *find_with_build_id(uintptr_t pc)
{
	uint64_t value;
	uint16_t id = mw_modules_locate(pc, &value);
	return id && modules[id - 1].build_hash ? &modules[id - 1] : NULL;
}

uintptr_t mw_modules_shared_rules(uintptr_t pc, uintptr_t *bias_out)
{
	const struct module *module = find_with_build_id(pc);
	*bias_out = module ? module->bias : 0;
	return module ? mw_load_relaxed(&module->shared_rules) : 0;
}

#define COMPILED_BEFORE_SHARING 24u

void mw_modules_note_compiled(uintptr_t pc)
{
	struct module *module = find_with_build_id(pc);
	uint32_t n = module ? mw_load_relaxed(&module->n_compiled) : UINT32_MAX;
	if (n > COMPILED_BEFORE_SHARING)
		return;
	mw_store_relaxed(&module->n_compiled, n + 1);
	if (n == COMPILED_BEFORE_SHARING)
		mw_store_relaxed(&module->shared_rules, mw_rule_share_attach(module->build_hash));
}

uint32_t mw_modules_after_fork(void)
{
	return mw_load_relaxed(&n_modules) + 1;
}
