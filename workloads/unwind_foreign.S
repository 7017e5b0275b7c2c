/* SPDX: no licence chosen yet, see README */
/*
 * unwind_foreign.S - functions without unwind data, which call what they are given. Linked into
 * unwind_foreign.c. Not on AArch64, where the linker's frame record convention leaves no choice.
 */
	.text

	/* void with_frame_pointer(void (*function)(int), int argument) */
	.globl	with_frame_pointer
	.type	with_frame_pointer, @function
with_frame_pointer:
	push	%rbp
	mov	%rsp, %rbp
	sub	$32, %rsp
	mov	%rdi, %rax
	mov	%esi, %edi
	call	*%rax
	leave
	ret
	.size	with_frame_pointer, . - with_frame_pointer

	/* The same without: nobody can tell where its caller is. */
	.globl	without_frame_pointer
	.type	without_frame_pointer, @function
without_frame_pointer:
	sub	$72, %rsp
	mov	%rdi, %rax
	mov	%esi, %edi
	call	*%rax
	add	$72, %rsp
	ret
	.size	without_frame_pointer, . - without_frame_pointer

	/* The same with rbp as a general register, of a value that is no address. */
	.globl	with_other_value
	.type	with_other_value, @function
with_other_value:
	push	%rbp
	mov	$12345, %ebp
	mov	%rdi, %rax
	mov	%esi, %edi
	call	*%rax
	pop	%rbp
	ret
	.size	with_other_value, . - with_other_value

	/* The same with the third argument there. */
	.globl	with_given_value
	.type	with_given_value, @function
with_given_value:
	push	%rbp
	mov	%rdx, %rbp
	mov	%rdi, %rax
	mov	%esi, %edi
	call	*%rax
	pop	%rbp
	ret
	.size	with_given_value, . - with_given_value

	/* The same with a tail call. */
	.globl	jumps
	.type	jumps, @function
jumps:
	mov	%rdi, %rax
	mov	%esi, %edi
	jmp	*%rax
	.size	jumps, . - jumps

	.section .note.GNU-stack, "", @progbits
