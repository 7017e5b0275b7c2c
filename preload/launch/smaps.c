/* SPDX: no licence chosen yet, see README */
/* smaps.c - /proc/PID/smaps as sums. See smaps.h. Source: proc(5), fs/proc/task_mmu.c. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "preload/launch/proc_parse.h"
#include "preload/launch/smaps.h"

/* Guard areas of thread stacks are a page by default; what malloc reserves is megabytes. */
#define GUARD_MOST_BYTES (64u << 10)

enum kind {
	KIND_NONE = 0, /* a gap */
	KIND_ANONYMOUS,
	KIND_GUARD,
	KIND_STACK,
	KIND_FILE,
	KIND_SHARED,
	KIND_OWN,
};

void mw_smaps_begin(struct mw_smaps *smaps, const char *own_library, const char *own_directory)
{
	*smaps = (struct mw_smaps){ .own_library = own_library, .own_directory = own_directory };
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_shared_memory(const char *path)
{
	return begins_with(path, "/memfd:") || begins_with(path, "/SYSV") ||
	       begins_with(path, "/dev/shm/") || begins_with(path, "[anon_shmem");
}

/* Without a name: .bss lies right behind its file, a stack right above its guard. */
static int kind_of_nameless(const struct mw_smaps *smaps)
{
	if (smaps->is_guard)
		return KIND_GUARD;
	if (smaps->kind_before == KIND_GUARD && smaps->is_writable)
		return KIND_STACK;
	if (smaps->kind_before == KIND_FILE || smaps->kind_before == KIND_OWN)
		return smaps->kind_before;
	return KIND_ANONYMOUS;
}

static int kind_of(const struct mw_smaps *smaps, const char *path)
{
	if (path[0] == '\0')
		return kind_of_nameless(smaps);
	if (begins_with(path, "[stack"))
		return KIND_STACK;
	if (is_shared_memory(path))
		return KIND_SHARED;
	/* The kernel's name for what is mapped anonymously, but shared with children. */
	if (begins_with(path, "[heap]") || begins_with(path, "[anon:") ||
		begins_with(path, "/dev/zero"))
		return KIND_ANONYMOUS;
	if (strstr(path, smaps->own_library) != NULL || begins_with(path, smaps->own_directory))
		return KIND_OWN;
	return KIND_FILE;
}

static void close_mapping(struct mw_smaps *smaps)
{
	struct mw_smaps_sums *sums = &smaps->sums;
	uint64_t rss_bytes = smaps->rss_bytes;
	uint64_t changed_bytes =
		smaps->changed_bytes < rss_bytes ? smaps->changed_bytes : rss_bytes;
	if (!smaps->is_open)
		return;
	smaps->is_open = false;
	switch (smaps->kind) {
	case KIND_STACK:
		sums->stack_bytes += rss_bytes;
		break;
	case KIND_FILE:
		sums->data_bytes += changed_bytes;
		sums->file_bytes += rss_bytes - changed_bytes;
		break;
	case KIND_SHARED:
		sums->shared_bytes += rss_bytes;
		break;
	case KIND_OWN:
		sums->own_bytes += rss_bytes;
		break;
	default:
		sums->anonymous_bytes += rss_bytes;
	}
}

/* "55d0c8e0-55d0c9f0 r-xp 00002000 fd:01 1234   /usr/bin/cat" */
static bool take_header(struct mw_smaps *smaps, const char *line)
{
	uint64_t start, end;
	char flags[5];
	int n_path = 0;
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n", &start, &end, flags,
		    &n_path) != 3 ||
		n_path == 0)
		return false;
	close_mapping(smaps);
	smaps->kind_before = smaps->end == start ? smaps->kind : KIND_NONE;
	smaps->start = start;
	smaps->end = end;
	smaps->is_guard = begins_with(flags, "---p") && end - start <= GUARD_MOST_BYTES;
	smaps->is_writable = begins_with(flags, "rw");
	smaps->rss_bytes = smaps->changed_bytes = 0;
	smaps->is_open = true;
	smaps->kind = kind_of(smaps, line + n_path);
	smaps->sums.n_mappings++;
	return true;
}

/* The line ends with its newline, which the number's parser wants to see. */
static void take_line(struct mw_smaps *smaps)
{
	uint64_t kib;
	char *line = smaps->line;
	size_t n = smaps->n_line;
	if (mw_proc_parse_line(line, n, "Rss", &kib)) {
		smaps->rss_bytes = kib * 1024;
	} else if (mw_proc_parse_line(line, n, "Anonymous", &kib)) {
		smaps->changed_bytes = kib * 1024;
	} else if (line[0] < 'A' || line[0] > 'Z') {
		line[n - 1] = '\0';
		take_header(smaps, line);
	}
}

void mw_smaps_feed(struct mw_smaps *smaps, const char *bytes, size_t n_bytes)
{
	for (size_t i = 0; i < n_bytes; i++) {
		/* A line that is too long keeps its beginning. */
		if (smaps->n_line < MW_SMAPS_LINE_BYTES - 1 || bytes[i] == '\n')
			smaps->line[smaps->n_line++] = bytes[i];
		if (bytes[i] != '\n')
			continue;
		take_line(smaps);
		smaps->n_line = 0;
	}
}

void mw_smaps_finish(struct mw_smaps *smaps)
{
	close_mapping(smaps);
}
