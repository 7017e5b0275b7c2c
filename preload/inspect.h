/* SPDX: no licence chosen yet, see README */
/*
 * inspect.h - can this program be followed? Answered from the first bytes of its file.
 *
 * Before hook: the zone asks before an exec, the launcher before its spawn, so that a program
 * the shim cannot enter is started untouched and named in the report. Pure functions over
 * bytes; usable inside the zone (no allocation, no stdio, no libc but memcmp and memcpy).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "preload/format.h"

/* How much of a file a caller should read; more does not help. */
#define MW_INSPECT_HEAD_BYTES 4096u
/* The kernel looks at this much of a '#!' line, and follows at most this many scripts. */
#define MW_INSPECT_SCRIPT_BYTES 256u
#define MW_INSPECT_SCRIPT_DEPTH 5

/* What the file's bytes do not say. */
struct mw_inspect_facts {
	const char *path; /* borrowed; as it will be executed, NUL terminated */
	uint32_t mode;	  /* st_mode */
	uint32_t file_uid, file_gid;
	uint32_t real_uid, real_gid;	       /* of the process that will exec */
	uint32_t effective_uid, effective_gid; /* of the same */
	int has_capabilities;		       /* the file has a security.capability attribute */
	int has_sanitizer;		       /* mw_inspect_has_sanitizer() */
};

struct mw_inspect_result {
	enum mwd_verdict verdict;
	/*
	 * Not empty: the file is a script, `verdict` is UNKNOWN, and what counts is the program
	 * named here (NUL terminated; relative to the working directory if not absolute).
	 */
	char script_interpreter[MW_INSPECT_SCRIPT_BYTES];
	/*
	 * Not 0: the loader's name lies outside the head, `verdict` is UNKNOWN, and these bytes
	 * of the file given to mw_inspect_loader() give the verdict.
	 */
	uint64_t loader_offset;
	uint32_t loader_bytes; /* at most MW_INSPECT_HEAD_BYTES */
};

/**
 * mw_inspect_program() - decide whether the shim can enter a program
 * @head:       first bytes of the file
 * @head_bytes: how many; fewer than MW_INSPECT_HEAD_BYTES only at the end of the file
 * @facts:      see there
 * @result_out: always filled; every byte of @head may be hostile
 *
 * A statically linked malloc or sanitizer does not show in the head: such programs are called
 * FOLLOWED, and run well.
 *
 * Context: zone or hosted; signal-safe; no allocation; about 400 bytes of stack.
 * Source: elf(5), execve(2), fs/binfmt_elf.c, fs/binfmt_script.c, security/commoncap.c.
 */
void mw_inspect_program(const uint8_t *head, size_t head_bytes,
	const struct mw_inspect_facts *facts, struct mw_inspect_result *result_out);

/* Read up to @bytes at @offset of a file. Return: how many, or negative. */
typedef long mw_inspect_read(int fd, void *buffer, size_t bytes, uint64_t offset);

/**
 * mw_inspect_has_sanitizer() - does the program refuse to run with a library before its first?
 * @head, @head_bytes: as for mw_inspect_program()
 * @read_at, @fd:      how to get at the rest of the file
 *
 * The run-times of AddressSanitizer and its like insist on being the first library, so they are
 * the first that a program needs; preloaded before them we would end it.
 *
 * Context: zone or hosted; signal-safe; about 2 KiB of stack.
 */
int mw_inspect_has_sanitizer(
	const uint8_t *head, size_t head_bytes, mw_inspect_read *read_at, int fd);

/**
 * mw_inspect_loader() - is this name of a dynamic loader (PT_INTERP) this libc's?
 * @name:       bytes of the path; ends at @name_bytes or at the first NUL
 * @name_bytes: how many
 *
 * Context: zone or hosted; signal-safe.
 * Return: MWD_VERDICT_FOLLOWED, or MWD_VERDICT_OTHER_LOADER (musl, a private one, ...).
 */
enum mwd_verdict mw_inspect_loader(const char *name, size_t name_bytes);
