/* SPDX: no licence chosen yet, see README */
/*
 * unwind_turns.S - what turns go through that C cannot say. Linked into unwind_turns.c.
 *
 *   void bare(void (*go)(const struct step *), const struct step *next, uintptr_t fp)
 *	calls go(next), with @fp in the frame pointer, or one of its own if that is 0; without table
 *   void tabled(...)  the same in the same room, with a table, and always with @fp
 *   void by_register(go, next)  has a table that finds the frame by a register that callees save
 *   void bottom(void) has a table that says that nobody called it
 */
	.text
	.globl	bare, tabled, by_register, bottom
	.type	bare, @function
	.type	tabled, @function
	.type	by_register, @function
	.type	bottom, @function

#if defined(__x86_64__)
bare:
	push	%rbp
	mov	%rsp, %rbp
	sub	$32, %rsp
	test	%rdx, %rdx
	cmovnz	%rdx, %rbp
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
	add	$32, %rsp
	pop	%rbp
	ret
	.size	bare, . - bare

tabled:
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	sub	$32, %rsp
	.cfi_def_cfa_offset 48
	mov	%rdx, %rbp
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
	add	$32, %rsp
	.cfi_def_cfa_offset 16
	pop	%rbp
	.cfi_def_cfa_offset 8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	.size	tabled, . - tabled

by_register:
	.cfi_startproc
	push	%rbx
	.cfi_def_cfa_offset 16
	.cfi_offset %rbx, -16
	mov	%rsp, %rbx
	.cfi_def_cfa_register %rbx
	sub	$48, %rsp
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
	mov	%rbx, %rsp
	.cfi_def_cfa_register %rsp
	pop	%rbx
	.cfi_def_cfa_offset 8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	.size	by_register, . - by_register

bottom:
	.cfi_startproc
	.cfi_undefined %rip
	.skip	16, 0x90
	.cfi_endproc
	.size	bottom, . - bottom

#elif defined(__aarch64__)
bare:
	stp	x29, x30, [sp, #-48]!
	mov	x29, sp
	cmp	x2, #0
	csel	x29, x2, x29, ne
	mov	x9, x0
	mov	x0, x1
	blr	x9
	ldp	x29, x30, [sp], #48
	ret
	.size	bare, . - bare

tabled:
	.cfi_startproc
	stp	x29, x30, [sp, #-48]!
	.cfi_def_cfa_offset 48
	.cfi_offset x29, -48
	.cfi_offset x30, -40
	mov	x29, x2
	mov	x9, x0
	mov	x0, x1
	blr	x9
	ldp	x29, x30, [sp], #48
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	tabled, . - tabled

by_register: /* x29 is the only one there that is understood, and used */
	.cfi_startproc
	stp	x29, x30, [sp, #-48]!
	.cfi_def_cfa_offset 48
	.cfi_offset x29, -48
	.cfi_offset x30, -40
	mov	x29, sp
	.cfi_def_cfa_register x29
	mov	x9, x0
	mov	x0, x1
	blr	x9
	.cfi_def_cfa_register sp
	ldp	x29, x30, [sp], #48
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	by_register, . - by_register

bottom:
	.cfi_startproc
	.cfi_undefined x30
	nop
	nop
	nop
	nop
	.cfi_endproc
	.size	bottom, . - bottom
#endif

	.section .note.GNU-stack, "", %progbits
