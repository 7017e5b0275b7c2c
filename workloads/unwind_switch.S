/* SPDX: no licence chosen yet, see README */
/*
 * unwind_switch.S - ways to go on on another stack. Linked into unwind_switch.c; x86-64.
 *
 *   void call_by_fp(void *top, void (*function)(void))        finds the way back by rbp
 *   void call_by_slot(void *top, void (*function)(void))      in a slot of the new stack
 *   void start(void *top, void (*function)(void), void **sp)  nobody called: by resume(), one way
 *   void resume(void *to, void **sp)                          where that one left it
 *   void aligned(void (*function)(void))                      on its own; finds the way by rbx
 *   void at_top(void)                                         calls beside(), has no caller
 */
	.text
	.globl	call_by_fp, call_by_slot, start, resume
	.type	call_by_fp, @function
	.type	call_by_slot, @function
	.type	start, @function
	.type	resume, @function

call_by_fp:
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	lea	-16(%rdi), %rsp
	call	*%rsi
	mov	%rbp, %rsp
	pop	%rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	call_by_fp, . - call_by_fp

call_by_slot:
	.cfi_startproc
	mov	%rsp, -16(%rdi)
	lea	-16(%rdi), %rsp
	/* DW_CFA_def_cfa_expression: breg7 0, deref, plus_uconst 8 */
	.cfi_escape 0x0f, 5, 0x77, 0, 0x06, 0x23, 8
	call	*%rsi
	mov	(%rsp), %rsp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	call_by_slot, . - call_by_slot

start:
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	push	%rbx
	.cfi_def_cfa_offset 24
	.cfi_offset %rbx, -24
	mov	%rsp, (%rdx)
	lea	-16(%rdi), %rsp
	push	$0
	xor	%ebp, %ebp
	jmp	*%rsi
	.cfi_endproc
	.size	start, . - start

resume:
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	push	%rbx
	.cfi_def_cfa_offset 24
	.cfi_offset %rbx, -24
	mov	%rsp, (%rsi)
	mov	%rdi, %rsp
	pop	%rbx
	.cfi_def_cfa_offset 16
	pop	%rbp
	.cfi_def_cfa_offset 8
	ret
	.cfi_endproc
	.size	resume, . - resume

	.globl	aligned
	.type	aligned, @function
aligned:
	.cfi_startproc
	push	%rbx
	.cfi_def_cfa_offset 16
	.cfi_offset %rbx, -16
	mov	%rsp, %rbx
	.cfi_def_cfa_register %rbx
	and	$-64, %rsp
	call	*%rdi
	mov	%rbx, %rsp
	.cfi_def_cfa_register %rsp
	pop	%rbx
	.cfi_def_cfa_offset 8
	ret
	.cfi_endproc
	.size	aligned, . - aligned

	.globl	at_top
	.type	at_top, @function
at_top:
	.cfi_startproc
	call	beside
	ud2
	.cfi_endproc
	.size	at_top, . - at_top

	.section .note.GNU-stack, "", %progbits
