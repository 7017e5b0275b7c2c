/* SPDX: no licence chosen yet, see README */
/*
 * unwind_foreign.c - code without unwind data between frames that have it: assembly
 * (unwind_foreign.S) and code made at run time. Run under --check-unwinder=1 by
 * tests/integration/test_unwind.py, which knows which functions must be on the stacks of
 * allocate_below(): the guess by frame pointer is right for code that keeps one. With an argument:
 * only a frame pointer into memory that is gone, which must not be followed there.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, noclone))
#define N_ROUNDS 50

typedef void caller(void (*function)(int), int argument);
caller with_frame_pointer, without_frame_pointer, with_other_value, jumps;

static KEEP void allocate_below(int bytes)
{
	volatile char *block = malloc((size_t)bytes);
	block[0] = 1;
	free((void *)block);
}

/* One caller function each, so that the report can tell them apart. */
#define CALLER(name, n)                                                                            \
	static KEEP int name##_by(caller *function, int bytes)                                     \
	{                                                                                          \
		volatile char room[100];                                                           \
		room[n] = 1;                                                                       \
		function(allocate_below, bytes);                                                   \
		return room[n];                                                                    \
	}
CALLER(assembly_fp, 0)
CALLER(assembly_no_fp, 1)
CALLER(assembly_value, 2)
CALLER(assembly_jump, 3)
CALLER(jit_fp, 4)
CALLER(jit_no_fp, 5)

static const unsigned char code_fp[] = { 0x55,	  /* push %rbp */
	0x48, 0x89, 0xe5,			  /* mov %rsp, %rbp */
	0x48, 0x83, 0xec, 0x20,			  /* sub $32, %rsp */
	0x48, 0x89, 0xf8, 0x89, 0xf7, 0xff, 0xd0, /* mov %rdi, %rax; mov %esi, %edi; call *%rax */
	0xc9, 0xc3 };				  /* leave; ret */
static const unsigned char code_no_fp[] = { 0x48, 0x83, 0xec, 0x28, /* sub $40, %rsp */
	0x48, 0x89, 0xf8, 0x89, 0xf7, 0xff, 0xd0,		    /* as above */
	0x48, 0x83, 0xc4, 0x28, 0xc3 };				    /* add $40, %rsp; ret */

static caller *make_code(const unsigned char *code, size_t bytes)
{
	void *page = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		exit(3);
	memcpy((char *)page + 128, code, bytes);
	return (caller *)((char *)page + 128);
}

/* ---- a frame pointer into what was unmapped since the stack's mapping was looked up */

#define STACK_BYTES ((size_t)1 << 20) /* at the lower end of */
#define AREA_BYTES ((size_t)4 << 20)

void with_given_value(void (*function)(int), int argument, const uintptr_t *value);

static KEEP void allocate_beside(int bytes)
{
	volatile char *block = malloc((size_t)bytes);
	block[0] = 1;
	free((void *)block);
}

static void *beside_stack(void *area)
{
	uintptr_t *record = (uintptr_t *)((char *)area + AREA_BYTES / 4 * 3);
	record[0] = (uintptr_t)&record[64];
	record[1] = (uintptr_t)allocate_beside + 1;
	with_given_value(allocate_beside, 1, record);
	with_given_value(allocate_beside, 2, record);
	/* As libc unmaps within itself. */
	syscall(SYS_munmap, (char *)area + AREA_BYTES / 2, AREA_BYTES / 2);
	with_given_value(allocate_beside, 3, record);
	return NULL;
}

static void beside(void)
{
	pthread_t thread;
	pthread_attr_t attributes;
	char *area =
		mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || pthread_attr_init(&attributes) != 0 ||
		pthread_attr_setstack(&attributes, area, STACK_BYTES) != 0 ||
		pthread_create(&thread, &attributes, beside_stack, area) != 0)
		exit(3);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		beside();
		return 0;
	}
	caller *fp = make_code(code_fp, sizeof(code_fp));
	caller *no_fp = make_code(code_no_fp, sizeof(code_no_fp));
	int sum = 0;
	for (int i = 0; i < N_ROUNDS; i++) {
		sum += assembly_fp_by(with_frame_pointer, 10 + i);
		sum += assembly_no_fp_by(without_frame_pointer, 20 + i);
		sum += assembly_value_by(with_other_value, 30 + i);
		sum += assembly_jump_by(jumps, 40 + i);
		sum += jit_fp_by(fp, 50 + i);
		sum += jit_no_fp_by(no_fp, 60 + i);
	}
	printf("%d\n", sum);
	return 0;
}
