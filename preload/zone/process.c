/* SPDX: no licence chosen yet, see README */
/*
 * process.c - the life of a process and its thread blocks; see task.h for the states. Zone.
 *
 * The one word that fork must not copy, `is_on`, lies on a page the kernel wipes in every child
 * (MADV_WIPEONFORK, also for _Fork and raw clone): the child's first event finds it zero and
 * begins an image of its own. A vfork child shares our memory and is, to us, the same process.
 */
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "preload/environment.h"
#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/live_table.h"
#include "preload/zone/log.h"
#include "preload/zone/mappings.h"
#include "preload/zone/modules.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/probe.h"
#include "preload/zone/raw.h"
#include "preload/zone/real.h"
#include "preload/zone/sample.h"
#include "preload/zone/sites.h"
#include "preload/zone/stack_table.h"
#include "preload/zone/task.h"
#include "preload/zone/totals.h"
#include "preload/zone/zone.h"

/* ld.so: the stack pointer at process start, where argc lies (System V ABI, 3.4.1). */
extern void *__libc_stack_end;

enum process_state { OFF, BOOTING, ON, DISABLED };

__thread struct mw_task *mw_task_current __attribute__((tls_model("initial-exec")));

static const uint32_t never_on;
const uint32_t *mw_process_is_on = MW_SEEMS_BUSY_UNRELOCATED ? &never_on : NULL;

static uint32_t process_state; /* enum process_state; copied by fork */
/* [0] is_on: 0 = not attached, 1 = on, 2 = being attached; [1] pid of a forked child, 0 = unknown
 */
static uint32_t *wiped_on_fork;
static uint32_t image_count; /* images this address space has served */
static struct mw_task *tasks;
static struct mw_task *hand;

/* ---- thread blocks ------------------------------------------------------------------------- */

#define MAX_LOOKS 8 /* blocks looked at for a dead owner, per new thread */

static bool try_take_over(struct mw_task *task, int pid, int tid)
{
	int owner = mw_load_relaxed(&task->tid);
	if (owner != tid && mw_raw_is_thread_alive(pid, owner))
		return false;
	return mw_cas_acq_rel(&task->tid, &owner, tid);
}

static struct mw_task *find_abandoned(int pid, int tid)
{
	struct mw_task *task = mw_load_acquire(&hand);
	for (unsigned i = 0; i < MAX_LOOKS; i++) {
		if (!task)
			task = mw_load_acquire(&tasks);
		if (!task)
			return NULL;
		if (try_take_over(task, pid, tid))
			return task;
		task = task->next;
		mw_store_release(&hand, task);
	}
	return NULL;
}

static struct mw_task *map_task(int tid)
{
	struct mw_task *task = mw_private_map(sizeof(*task));
	if (!task)
		return NULL;
	task->tid = tid;
	task->next = mw_load_relaxed(&tasks);
	while (!mw_cas_acq_rel(&tasks, &task->next, task)) /* pairs with find_abandoned() */
		;
	return task;
}

/* In a sandbox nobody may be asked for a tid: such a block is its thread's for ever. */
#define NO_TID (-1)

static struct mw_task *find_or_map_task(void)
{
	if (mw_is_sandboxed)
		return map_task(NO_TID);
	/* A vfork child runs on our thread's memory, but has a tid of its own that soon is dead: a
	 * block under that name would be taken over while the thread still uses it. */
	if (mw_raw_getpid() != mw_image->pid)
		return NULL;
	int tid = mw_raw_gettid();
	struct mw_task *task = find_abandoned(mw_image->pid, tid);
	return task ? task : map_task(tid);
}

static struct mw_task *make_task(void)
{
	struct mw_task *task = find_or_map_task();
	if (!task)
		return NULL;
	if (task->image_count != image_count) {
		mw_sites_reset(task);
		task->image_count = image_count;
		task->index_in_image = mw_add_relaxed(&mw_image->n_threads, 1) + 1;
		mw_sample_reset(&task->sample, task->index_in_image);
	}
	task->busy = 0;
	mw_region_forget_all(task); /* of another thread, or of the parent: so is the trace */
	mw_task_current = task;
	return task;
}

/* ---- images -------------------------------------------------------------------------------- */

/* A child begins where its parent's tables end, with segments of its own. */
static bool begin_child(void)
{
	uint32_t node_base = mw_stack_table_next_id();
	uint32_t record_base = mw_sites_next_id();
	mw_arena_restart();
	if (!mw_image_begin(NULL, NULL))
		return false;
	mw_image->node_base = node_base;
	mw_image->record_base = record_base;
	mw_image->module_base = mw_modules_after_fork();
	mw_log_restart();
	mw_stack_table_restart(node_base);
	mw_mappings_reset();
	mw_region_restart();
	image_count++;
	mw_image_publish();
	return true;
}

static bool begin_first(const char *run_dir, char *const *argv)
{
	if (!mw_image_begin(run_dir, argv))
		return false;
	mw_sample_init();
	mw_image->node_base = mw_image->record_base = mw_image->module_base = 1;
	image_count++;
	mw_image_publish();
	return true;
}

/* A vfork child of a forked child that has no image yet shares its memory, not its pid. */
static bool is_vforked(void)
{
	uint32_t pid = mw_load_relaxed(&wiped_on_fork[1]);
	return pid && pid != (uint32_t)mw_raw_getpid();
}

void mw_process_note_fork(void)
{
	if (!wiped_on_fork || mw_is_sandboxed)
		return;
	int pid = mw_raw_getpid();
	mw_store_relaxed(&wiped_on_fork[1], (uint32_t)pid);
	/* qemu-user says it will wipe, and does not: done here, as far as fork() goes. */
	if (mw_load_relaxed(wiped_on_fork) == 1 && mw_image->pid != pid)
		mw_store_relaxed(wiped_on_fork, 0);
}

void mw_process_note_vfork(void)
{
	if (wiped_on_fork && !mw_is_sandboxed && mw_load_relaxed(wiped_on_fork) == 0 &&
		mw_load_relaxed(&wiped_on_fork[1]) == 0)
		mw_store_relaxed(&wiped_on_fork[1], (uint32_t)mw_raw_getpid());
}

static void attach_child(void)
{
	uint32_t detached = 0;
	if (is_vforked() || !mw_cas_acq_rel(wiped_on_fork, &detached, 2))
		return;
	mw_totals_publish(); /* on behalf of the parent, which may be waiting for us */
	mw_task_current = NULL;
	if (begin_child())
		mw_store_release(wiped_on_fork, 1);
	else
		mw_store_relaxed(&process_state, DISABLED);
}

static const char *find_variable(char *const *environment, const char *name)
{
	size_t length = strlen(name);
	for (; *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

static bool map_wiped_page(void)
{
	wiped_on_fork = mw_private_map(MWD_PAGE);
	return wiped_on_fork && mw_raw_madvise(wiped_on_fork, MWD_PAGE, MADV_WIPEONFORK) == 0;
}

static void note_allocator(void)
{
	if (!mw_real_malloc_is_glibc())
		mw_image->flags |= MWD_IMAGE_OTHER_MALLOC;
	if (mw_real_is_bypassed())
		mw_image->flags |= MWD_IMAGE_OWN_MALLOC;
}

static bool boot(void)
{
	mw_real_resolve_alloc();
	mw_live_table_init(mw_real_malloc_is_glibc());
	const long *argc = __libc_stack_end;
	char *const *argv = (char *const *)(argc + 1);
	const char *run_dir = find_variable(argv + *argc + 1, MW_ENV_RUN_DIR);
	/* A set-user-ID program: who called it may have chosen the environment, and the run. */
	if (getauxval(AT_SECURE))
		return false;
	/* The dump's pages are the kernel's; the launcher has told of it, if they are not. */
	if (!run_dir || getauxval(AT_PAGESZ) != MWD_PAGE || !map_wiped_page() ||
		!begin_first(run_dir, argv))
		return false;
	note_allocator();
	mw_store_release(wiped_on_fork, 1);
	mw_process_is_on = wiped_on_fork;
	return true;
}

static bool is_up(void)
{
	uint32_t state = mw_load_acquire(&process_state);
	if (mw_likely(state == ON)) {
		if (mw_load_acquire(wiped_on_fork) == 0)
			attach_child();
		return mw_load_acquire(wiped_on_fork) == 1;
	}
	if (state != OFF || !mw_cas_acq_rel(&process_state, &state, BOOTING))
		return false;
	mw_store_release(&process_state, boot() ? ON : DISABLED);
	return mw_load_relaxed(&process_state) == ON;
}

/* Signal stacks can share a mapping with the stack they interrupt: above it, or a part of it. */
static bool is_one_stack(uintptr_t a, uintptr_t b)
{
	stack_t alternate = { .ss_flags = SS_DISABLE };
	if (mw_raw(SYS_sigaltstack, NULL, &alternate, 0) != 0)
		return false;
	/* SS_AUTODISARM: while the handler runs there is no telling where its stack is. */
	if (alternate.ss_flags & SS_DISABLE)
		return true;
	uintptr_t low = (uintptr_t)alternate.ss_sp;
	return (a - low < alternate.ss_size) == (b - low < alternate.ss_size);
}

static bool is_on_last_stack(const struct mw_trace *trace, uintptr_t address)
{
	return address - trace->stack_low < trace->stack_high - trace->stack_low;
}

/* Does what returns from the hook at work still lie where it did? Its stack may be gone. */
static bool is_frame_kept(const struct mw_task *task, uintptr_t frame)
{
	const struct mw_trace *trace = &task->trace;
	uintptr_t busy = MW_BUSY_FRAME(task->busy);
	bool is_mapped =
		frame < busy && is_on_last_stack(trace, frame) && is_on_last_stack(trace, busy);
	if (!is_mapped && !mw_probe_words((const void *)busy, 2))
		return false;
	return MW_BUSY_OF(busy) == task->busy;
}

/*
 * A hook at work here, and a new one: either nested (a signal handler, the loader inside dlsym,
 * an allocator behind us that calls malloc), or the old one is gone: longjmp left it from a
 * handler. Then the new frame lies above it on the same stack, or in its very place; or some other
 * call was made since from where the hook had been called.
 */
static bool is_nested(const struct mw_task *task, uintptr_t frame)
{
	uintptr_t busy = MW_BUSY_FRAME(task->busy);
	if (!busy)
		return false;
	bool is_above = frame >= busy && frame - busy < (uintptr_t)8 << 20 &&
			is_on_last_stack(&task->trace, frame) && busy >= task->trace.stack_low;
	if (is_above && is_one_stack(busy, frame))
		return false;
	return is_frame_kept(task, frame);
}

MW_COLD struct mw_task *mw_task_enter_slow(uintptr_t frame)
{
	if (mw_unlikely(mw_real_stand_in()))
		return NULL; /* what looked like a block is the thread's control block */
	if (mw_load_relaxed(&process_state) == ON && mw_load_relaxed(wiped_on_fork) == 1 &&
		mw_task_current && is_nested(mw_task_current, frame)) {
		if (!mw_task_current->is_forwarding)
			mw_image_lost(MWD_LOST_NESTED_EVENTS, 1);
		return NULL;
	}
	if (!is_up())
		return NULL;
	struct mw_task *task = mw_task_current ? mw_task_current : make_task();
	if (!task)
		return NULL;
	if (task->busy) /* an abandoned hook may have been about to change it */
		mw_trace_forget(&task->trace);
	task->busy = MW_BUSY_OF(frame);
	task->is_forwarding = 0; /* left behind with an abandoned hook */
	mw_signal_fence();
	return task;
}

bool mw_process_is_recording(void)
{
	return is_up();
}

static void at_exit(int status, void *unused)
{
	(void)unused;
	if (is_up())
		mw_image_end(MWD_END_EXIT, status);
}

/* Registered before the loader's own exit function, so it runs after all destructors. */
__attribute__((constructor)) static void start(void)
{
	mw_real_resolve_rest();
	mw_cxx_resolve();
	if (!is_up())
		return;
	on_exit(at_exit, NULL);
	if (!mw_unwind_needs_library())
		return;
	struct mw_task *task = mw_task_enter(__builtin_frame_address(0));
	if (!task) {
		mw_unwind_load_library();
		return;
	}
	MW_FORWARD_VOID(task, mw_unwind_load_library()); /* what it allocates is ours */
	mw_task_leave(task);
}
