/* SPDX: no licence chosen yet, see README */
/*
 * hook_vfork.c - a process of _Fork() or clone() may vfork before its first event; its child, which
 * shares its memory, must not take itself for it. Zone; hook.
 *
 * The child returns through its caller's frame before the parent does, so a hook must be gone by
 * then: it is left by a jump, which C does not promise. Not part of the link-time optimisation,
 * which knows nothing of such code.
 */
#define MW_ZONE_DEFINES_HOOKS

#include "preload/zone/real.h"
#include "preload/zone/task.h"
#include "preload/zone/zone.h"

/* Return: where to go on. */
void *mw_before_vfork(void);
void *mw_before_vfork(void)
{
	if (mw_unlikely(!mw_real.vfork))
		mw_real_resolve_rest();
	mw_process_note_vfork();
	return (void *)mw_real.vfork;
}

#if defined(__x86_64__)
__asm__(".text\n"
	".globl vfork\n"
	".type vfork, @function\n"
	"vfork:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	subq $8, %rsp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	call mw_before_vfork\n"
	"	addq $8, %rsp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	jmp *%rax\n"
	"	.cfi_endproc\n"
	".size vfork, . - vfork\n");
#elif defined(__aarch64__)
__asm__(".text\n"
	".globl vfork\n"
	".type vfork, @function\n"
	"vfork:\n"
	"	.cfi_startproc\n"
	"	stp x29, x30, [sp, #-16]!\n"
	"	.cfi_adjust_cfa_offset 16\n"
	"	.cfi_offset 29, -16\n"
	"	.cfi_offset 30, -8\n"
	"	bl mw_before_vfork\n"
	"	ldp x29, x30, [sp], #16\n"
	"	.cfi_restore 29\n"
	"	.cfi_restore 30\n"
	"	.cfi_adjust_cfa_offset -16\n"
	"	mov x16, x0\n"
	"	br x16\n"
	"	.cfi_endproc\n"
	".size vfork, . - vfork\n");
#endif
