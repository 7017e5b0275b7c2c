/* SPDX: no licence chosen yet, see README */
/*
 * arch.h - what unwinding and accounting know of the machine: registers, stack frames, addresses.
 * Zone; unwind, account. System calls are in raw.h.
 *
 * x86-64 (System V ABI): call pushes the return address, so it lies just below the CFA.
 * AArch64 (AAPCS64): call leaves it in x30; a function that calls others saves it beside x29 in
 * its frame record, anywhere in its frame. It may be signed (pointer authentication).
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#if defined(__x86_64__)

#define MW_ADDRESS_BITS 47 /* of user space; 5-level paging gives more only to who asks */
#define MW_HAS_LINK_REGISTER 0
#define MW_RA_BACK_MAX UINT8_MAX /* words from the CFA to the return address */
enum { MW_REG_FP = 6, MW_REG_SP = 7, MW_REG_RA = 16 }; /* DWARF numbers */

/* Offsets in the kernel's signal frame from the CFA of the handler (asm/sigcontext.h): ucontext_t,
 * the return address in front of it being popped by then. */
enum {
	MW_SIGNAL_GREGS = offsetof(ucontext_t, uc_mcontext.gregs),
	MW_SIGNAL_FP = MW_SIGNAL_GREGS + 8 * REG_RBP,
	MW_SIGNAL_SP = MW_SIGNAL_GREGS + 8 * REG_RSP,
	MW_SIGNAL_PC = MW_SIGNAL_GREGS + 8 * REG_RIP,
	MW_SIGNAL_LINK = MW_SIGNAL_PC, /* there is none */
	MW_SIGNAL_BYTES = MW_SIGNAL_PC + 8,
};

/* Without the signature of pointer authentication. */
static inline uintptr_t mw_arch_plain_pc(uintptr_t pc)
{
	return pc;
}

/* The way back to the kernel from a signal handler, where no unwind table tells that it is one: of
 * who asks the kernel for signals themselves. As libgcc knows it: mov $SYS_rt_sigreturn, %rax;
 * syscall */
#define MW_SIGRETURN_CODE 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05

/* Where nearly every frame keeps its return address, in words below the CFA, given the place of
 * the frame pointer (0 = not saved). */
static inline unsigned mw_arch_usual_ra_back(unsigned fp_back)
{
	(void)fp_back;
	return 1;
}

/* The place of the frame pointer in a frame of @words in eight bits; more = it does not fit. */
static inline unsigned mw_arch_pack_fp_back(unsigned fp_back, int words)
{
	(void)words;
	return fp_back;
}

static inline unsigned mw_arch_unpack_fp_back(unsigned packed, int words)
{
	(void)words;
	return packed;
}

/* The instructions of nearly every CIE, for a code alignment of 1 and a data alignment of -8:
 * the CFA is sp + 8, the return address lies just below it. */
#define MW_CIE_ALIGNS 0x01, 0x78, MW_REG_RA
#define MW_CIE_INSTRUCTIONS 0x0c, MW_REG_SP, 8, 0x80 | MW_REG_RA, 1, 0, 0
enum { MW_CODE_ALIGN = 1, MW_ENTRY_CFA = 8, MW_ENTRY_RA_BACK = 1 };

/* Before the loader has relocated us, each thread-local variable seems to lie where the thread
 * pointer points: here to that address itself, so that mw_task_current seems to be a busy task. */
#define MW_SEEMS_BUSY_UNRELOCATED 1

#elif defined(__aarch64__)

#define MW_ADDRESS_BITS 48 /* as on x86-64 */
#define MW_HAS_LINK_REGISTER 1
#define MW_RA_BACK_MAX UINT16_MAX /* gcc puts a function's arrays in between */
enum { MW_REG_FP = 29, MW_REG_SP = 31, MW_REG_RA = 30 };

/* struct rt_sigframe is siginfo_t and ucontext_t. */
enum {
	MW_SIGNAL_REGS = sizeof(siginfo_t) + offsetof(ucontext_t, uc_mcontext.regs),
	MW_SIGNAL_FP = MW_SIGNAL_REGS + 8 * 29,
	MW_SIGNAL_LINK = MW_SIGNAL_REGS + 8 * 30,
	MW_SIGNAL_SP = MW_SIGNAL_REGS + 8 * 31,
	MW_SIGNAL_PC = MW_SIGNAL_REGS + 8 * 32,
	MW_SIGNAL_BYTES = MW_SIGNAL_PC + 8,
};

static inline uintptr_t mw_arch_plain_pc(uintptr_t pc)
{
	register uintptr_t x30 __asm__("x30") = pc;
	__asm__("hint #7 /* xpaclri; does nothing where there is no authentication */" : "+r"(x30));
	return x30;
}

/* Linux >= 5.8 has no unwind table for it: unwinders are meant to know its two instructions,
 * mov x8, #SYS_rt_sigreturn; svc #0 */
#define MW_SIGRETURN_CODE 0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4

/* Beside the frame pointer; alone, it takes the 16 bytes of its stack alignment. */
static inline unsigned mw_arch_usual_ra_back(unsigned fp_back)
{
	return fp_back ? fp_back - 1 : 2;
}

/* The frame record lies near the top (clang) or near the bottom (gcc) of the frame. */
static inline unsigned mw_arch_pack_fp_back(unsigned fp_back, int words)
{
	if (fp_back < 128)
		return fp_back;
	return words >= (int)fp_back ? 128 + ((unsigned)words - fp_back) : 256;
}

static inline unsigned mw_arch_unpack_fp_back(unsigned packed, int words)
{
	return packed < 128 ? packed : (unsigned)words - (packed - 128);
}

/* The CFA is sp, the return address still in x30. */
#define MW_CIE_ALIGNS 0x04, 0x78, MW_REG_RA
#define MW_CIE_INSTRUCTIONS 0x0c, MW_REG_SP, 0
enum { MW_CODE_ALIGN = 4, MW_ENTRY_CFA = 0, MW_ENTRY_RA_BACK = 0 };

/* Here to a table (of the modules' blocks) whose first word is 0: a task at leisure. */
#define MW_SEEMS_BUSY_UNRELOCATED 0

#else
#error "memwatch-preload knows the stack frames of x86-64 and AArch64 only"
#endif
