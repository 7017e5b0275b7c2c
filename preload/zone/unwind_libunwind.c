/* SPDX: no licence chosen yet, see README */
/*
 * unwind_libunwind.c - see unwind_libunwind.h. Zone; unwind. The only file that knows libunwind.
 * Calls it under the hook's guard, so that what it allocates is not counted.
 */
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <stddef.h>

#include "preload/environment.h"
#include "preload/zone/arena.h"
#include "preload/zone/modules.h"
#include "preload/zone/rule.h"
#include "preload/zone/unwind_libunwind.h"
#include "preload/zone/zone.h"

#if defined(__x86_64__)
#define FRAME_POINTER UNW_X86_64_RBP
#define GET_CONTEXT(context) lib.getcontext(context)
#elif defined(__aarch64__)
#define FRAME_POINTER UNW_AARCH64_X29
#define GET_CONTEXT(context) unw_tdep_getcontext(context) /* a macro: nothing to look up */
#endif

#define NAME_OF(x) NAME_OF_EXPANDED(x)
#define NAME_OF_EXPANDED(x) #x

static struct {
	int (*getcontext)(unw_tdep_context_t *);
	int (*init_local)(unw_cursor_t *, unw_context_t *);
	int (*step)(unw_cursor_t *);
	int (*get_reg)(unw_cursor_t *, int, unw_word_t *);
	int (*is_signal_frame)(unw_cursor_t *);
} lib;

bool mw_libunwind_load(void)
{
	void *handle = dlopen(MW_LIBUNWIND_NAME, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return false;
	*(void **)&lib.init_local = dlsym(handle, NAME_OF(unw_init_local));
	*(void **)&lib.step = dlsym(handle, NAME_OF(unw_step));
	*(void **)&lib.get_reg = dlsym(handle, NAME_OF(unw_get_reg));
	*(void **)&lib.is_signal_frame = dlsym(handle, NAME_OF(unw_is_signal_frame));
#if defined(__x86_64__)
	*(void **)&lib.getcontext = dlsym(handle, "_Ux86_64_getcontext");
	if (!lib.getcontext)
		return false;
#endif
	return lib.init_local && lib.step && lib.get_reg && lib.is_signal_frame;
}

struct walk {
	unw_context_t context;
	unw_cursor_t cursor;
	bool is_exact;
};

static struct mw_fresh_frame fresh_frame_at(struct walk *walk)
{
	unw_word_t pc = 0, sp = 0, fp = 0;
	lib.get_reg(&walk->cursor, UNW_REG_IP, &pc);
	lib.get_reg(&walk->cursor, UNW_REG_SP, &sp);
	lib.get_reg(&walk->cursor, FRAME_POINTER, &fp);
	struct mw_fresh_frame frame = { .pc = pc, .sp = sp, .fp = fp };
	if (walk->is_exact)
		frame.flags = MW_FRAME_EXACT;
	return frame;
}

static bool step_out(struct walk *walk)
{
	/* The frame that a signal interrupted goes on at its pc itself. */
	walk->is_exact = lib.is_signal_frame(&walk->cursor) > 0;
	return lib.step(&walk->cursor) > 0;
}

/* The context was taken in our own frames: go out to the caller of the hook. */
static bool go_to_caller(struct walk *walk, const struct mw_regs *regs)
{
	if (lib.init_local(&walk->cursor, &walk->context) < 0)
		return false;
	for (unsigned i = 0; i < 32; i++) {
		unw_word_t sp = 0;
		lib.get_reg(&walk->cursor, UNW_REG_SP, &sp);
		if (sp >= regs->sp)
			return sp == regs->sp;
		if (!step_out(walk))
			return false;
	}
	return false;
}

static uint64_t extend(uint64_t hash, uintptr_t pc)
{
	uint64_t x = (hash ^ pc) * 0x9e3779b97f4a7c15u;
	return x ^ x >> 29;
}

MW_COLD bool mw_libunwind_capture(struct mw_trace *trace, const struct mw_regs *regs)
{
	struct walk walk;
	if (!lib.step)
		return false;
	GET_CONTEXT(&walk.context);
	walk.is_exact = false;
	if (!go_to_caller(&walk, regs))
		return false;
	uint32_t n = 0;
	bool has_more = true;
	for (; has_more && n < mw_control->max_frames; has_more = step_out(&walk))
		trace->fresh[n++] = fresh_frame_at(&walk);
	uint64_t hash = mw_modules_generation() + 1 + trace->root_hash;
	uint32_t at = 0;
	if (has_more)
		trace->frames[at++] = (struct mw_frame){ .pc = MWD_MARKER_TRUNCATED,
			.flags = MW_FRAME_MARKER | MW_FRAME_HARD };
	trace->generation = mw_modules_generation();
	while (n-- > 0) {
		const struct mw_fresh_frame *fresh = &trace->fresh[n];
		hash = extend(hash, fresh->pc);
		trace->frames[at++] = (struct mw_frame){ .pc = fresh->pc,
			.sp = fresh->sp,
			.fp = fresh->fp,
			.flags = fresh->flags,
			.path_hash = hash };
	}
	trace->n_frames = at;
	return true;
}

static bool is_comparable(const struct mw_frame *frame)
{
	return !(frame->flags & (MW_FRAME_MARKER | MW_FRAME_GUESSED));
}

MW_COLD int mw_libunwind_check(const struct mw_trace *trace, const struct mw_regs *regs)
{
	struct walk walk;
	if (!lib.step)
		return -1;
	GET_CONTEXT(&walk.context);
	walk.is_exact = false;
	if (!go_to_caller(&walk, regs))
		return 0;
	int i = 0;
	for (uint32_t at = trace->n_frames; at > 0; at--, i++) {
		const struct mw_frame *ours = &trace->frames[at - 1];
		if (!is_comparable(ours))
			return -1;
		struct mw_fresh_frame theirs = fresh_frame_at(&walk);
		if (theirs.pc != ours->pc || theirs.sp != ours->sp)
			return i;
		/* It would guess on, below the bottom of the stack. */
		if (at == 1 && mw_rule_lookup(ours->pc - 1).kind == MW_RULE_NO_TABLE &&
			mw_rule_is_bottom(ours->pc))
			return -1;
		if (!step_out(&walk))
			return at == 1 || !is_comparable(ours - 1) ? -1 : i + 1;
	}
	/* We ended, it went on: libunwind takes a zero return address for one more frame. */
	return fresh_frame_at(&walk).pc == 0 ? -1 : i;
}
