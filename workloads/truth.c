/* SPDX: no licence chosen yet, see README */
/*
 * truth.c - the workloads' own books (see truth.h): lines, live blocks, peaks.
 *
 * One lock around everything; every new maximum copies every line's live counters. Slow and
 * obvious on purpose. The live blocks are private to a process (fork copies them: what a child
 * finds there and does not own, it inherited); lines and totals can be shared by a tree.
 */
#include "workloads/truth.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_LINES 160
#define MAX_PROCESSES 24
#define MAX_BLOCKS (1u << 17)
#define N_BUCKETS (1u << 15)

struct line {
	const char *function; /* the same address in all forked processes */
	int line;
	enum truth_class class_;
	int64_t allocated_bytes, allocated_blocks;
	int64_t freed_bytes, freed_blocks;
	int64_t freed_here_bytes, freed_here_blocks;
	int64_t at_peak_bytes, at_peak_blocks;
	int64_t at_tree_peak_bytes, at_tree_peak_blocks;
	int64_t max_total_bytes; /* highest process total right after a birth or free on this line
				  */
};

struct process {
	int pid;
	const char *role;
	int n_lines;
	struct line lines[MAX_LINES];
	int64_t live[TRUTH_N_CLASSES], peak[TRUTH_N_CLASSES];
	int64_t inherited_freed_bytes, inherited_freed_blocks;
	int is_gone;
};

struct books {
	int lock;
	int n_processes;
	int64_t tree_live, tree_peak; /* heap */
	struct process processes[MAX_PROCESSES];
};

struct block {
	void *address;
	size_t bytes;
	int process, line;
	uint32_t next; /* index + 1 */
};

static struct books own_books;
static struct books *books = &own_books;
static int self; /* index in books->processes */
static struct block blocks[MAX_BLOCKS];
static uint32_t n_blocks, free_block, buckets[N_BUCKETS];
static __thread struct block moving; /* between truth_moving() and truth_born() */
static __thread int is_moving;

static void fail(const char *why)
{
	(void)!write(2, why, strlen(why));
	_exit(99);
}

static void lock(void)
{
	while (__atomic_exchange_n(&books->lock, 1, __ATOMIC_ACQUIRE))
		;
}

static void unlock(void)
{
	__atomic_store_n(&books->lock, 0, __ATOMIC_RELEASE);
}

static struct process *me(void)
{
	struct process *process = &books->processes[self];

	if (!process->pid) {
		process->pid = getpid();
		books->n_processes = books->n_processes ? books->n_processes : 1;
	}
	return process;
}

static int line_of(const char *function, int line, enum truth_class class_)
{
	struct process *process = me();

	for (int i = 0; i < process->n_lines; i++) {
		const struct line *it = &process->lines[i];

		if (it->line == line && it->class_ == class_ && !strcmp(it->function, function))
			return i;
	}
	if (process->n_lines == MAX_LINES)
		fail("truth: too many lines\n");
	struct line *it = &process->lines[process->n_lines];

	it->function = function;
	it->line = line;
	it->class_ = class_;
	return process->n_lines++;
}

static void keep_process_peak(struct process *process)
{
	for (int i = 0; i < process->n_lines; i++) {
		struct line *it = &process->lines[i];

		it->at_peak_bytes = it->allocated_bytes - it->freed_bytes;
		it->at_peak_blocks = it->allocated_blocks - it->freed_blocks;
	}
}

static void keep_tree_peak(void)
{
	for (int p = 0; p < books->n_processes; p++) {
		struct process *process = &books->processes[p];

		for (int i = 0; i < process->n_lines; i++) {
			struct line *it = &process->lines[i];
			int64_t bytes = it->allocated_bytes - it->freed_bytes;
			int64_t n = it->allocated_blocks - it->freed_blocks;

			it->at_tree_peak_bytes = process->is_gone ? 0 : bytes;
			it->at_tree_peak_blocks = process->is_gone ? 0 : n;
		}
	}
}

/* Changes a line of this process and all totals; the caller holds the lock. */
static void change(int index, int64_t bytes, int64_t n_blocks_more)
{
	struct process *process = me();
	struct line *it = &process->lines[index];

	if (bytes > 0 || n_blocks_more > 0) {
		it->allocated_bytes += bytes;
		it->allocated_blocks += n_blocks_more;
	} else {
		it->freed_bytes -= bytes;
		it->freed_blocks -= n_blocks_more;
	}
	process->live[it->class_] += bytes;
	int64_t live = process->live[it->class_];

	if ((bytes > 0 || n_blocks_more > 0) && live > it->max_total_bytes)
		it->max_total_bytes = live;
	if (live > process->peak[it->class_]) {
		process->peak[it->class_] = live;
		if (it->class_ == TRUTH_HEAP)
			keep_process_peak(process);
	}
	if (it->class_ != TRUTH_HEAP)
		return;
	books->tree_live += bytes;
	if (books->tree_live > books->tree_peak) {
		books->tree_peak = books->tree_live;
		keep_tree_peak();
	}
}

static uint32_t *bucket_of(const void *address)
{
	return &buckets[((uintptr_t)address >> 4) * 2654435761u % N_BUCKETS];
}

static void remember(void *address, size_t bytes, int process, int line)
{
	uint32_t at = free_block;

	if (at)
		free_block = blocks[at - 1].next;
	else if (n_blocks < MAX_BLOCKS)
		at = ++n_blocks;
	else
		fail("truth: too many blocks\n");
	uint32_t *bucket = bucket_of(address);

	blocks[at - 1] = (struct block){ address, bytes, process, line, *bucket };
	*bucket = at;
}

/* Takes @address out of the table. Return: 0 if it is not there. */
static int forget(const void *address, struct block *block_out)
{
	for (uint32_t *link = bucket_of(address); *link; link = &blocks[*link - 1].next) {
		struct block *it = &blocks[*link - 1];

		if (it->address != address)
			continue;
		uint32_t at = *link;

		*block_out = *it;
		*link = it->next;
		it->next = free_block;
		free_block = at;
		return 1;
	}
	return 0;
}

static void bury(const struct block *block, const char *function, int line)
{
	struct process *process = me();

	if (block->process == self) {
		change(block->line, -(int64_t)block->bytes, -1);
	} else {
		process->inherited_freed_bytes += (int64_t)block->bytes;
		process->inherited_freed_blocks++;
	}
	struct line *here = &process->lines[line_of(function, line, TRUTH_HEAP)];
	int64_t live = process->live[TRUTH_HEAP];

	if (block->process == self && live > here->max_total_bytes)
		here->max_total_bytes = live;
	here->freed_here_bytes += (int64_t)block->bytes;
	here->freed_here_blocks++;
}

void *truth_died(void *block, const char *function, int line)
{
	struct block it;

	if (!block)
		return NULL;
	lock();
	if (!forget(block, &it))
		fail("truth: freed a block that is not in the books\n");
	bury(&it, function, line);
	unlock();
	return block;
}

void *truth_moving(void *block, const char *function, int line)
{
	(void)function, (void)line;
	if (!block)
		return NULL;
	lock();
	if (!forget(block, &moving))
		fail("truth: moved a block that is not in the books\n");
	is_moving = 1;
	unlock();
	return block;
}

void *truth_born(void *block, size_t bytes, const char *function, int line)
{
	lock();
	if (is_moving && !block && bytes)
		remember(moving.address, moving.bytes, moving.process, moving.line);
	else if (is_moving)
		bury(&moving, function, line);
	is_moving = 0;
	if (block) {
		int index = line_of(function, line, TRUTH_HEAP);

		change(index, (int64_t)bytes, 1);
		remember(block, bytes, self, index);
	}
	unlock();
	return block;
}

void truth_count(enum truth_class class_, const char *function, int line, int64_t bytes, int64_t n)
{
	lock();
	change(line_of(function, line, class_), bytes, n);
	unlock();
}

void truth_share(void)
{
	/* The raw system call: the books must not show up as a mapping of the workload. */
	long at = syscall(SYS_mmap, NULL, sizeof *books, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0L);

	if (at == -1)
		fail("truth: no memory for the shared books\n");
	me();
	memcpy((void *)at, books, sizeof *books);
	books = (struct books *)at;
}

void truth_forked(const char *role)
{
	lock();
	if (books->n_processes == MAX_PROCESSES)
		fail("truth: too many processes\n");
	self = books->n_processes++;
	books->processes[self].pid = getpid();
	books->processes[self].role = role;
	unlock();
}

void truth_gone(void)
{
	lock();
	books->tree_live -= me()->live[TRUTH_HEAP];
	me()->is_gone = 1;
	unlock();
}

static const char *given_path;
static char text[1u << 19];
static size_t n_text;

static __attribute__((format(printf, 1, 2))) void put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text + n_text, sizeof text - n_text, format, args);

	va_end(args);
	if (n < 0 || (size_t)n >= sizeof text - n_text)
		fail("truth: the books do not fit the buffer\n");
	n_text += (size_t)n;
}

static void put_count(const char *name, int64_t bytes, int64_t n)
{
	put(",\"%s_bytes\":%lld,\"%s_blocks\":%lld", name, (long long)bytes, name, (long long)n);
}

static void put_process(const struct process *process)
{
	static const char *const class_names[] = { "heap", "anon", "file" };

	put("{\"pid\":%d,\"role\":\"%s\"", process->pid, process->role ? process->role : "main");
	for (int c = 0; c < TRUTH_N_CLASSES; c++)
		put(",\"peak_%s_bytes\":%lld,\"live_%s_bytes\":%lld", class_names[c],
			(long long)process->peak[c], class_names[c], (long long)process->live[c]);
	put_count(
		"inherited_freed", process->inherited_freed_bytes, process->inherited_freed_blocks);
	put(",\"lines\":[");
	for (int i = 0; i < process->n_lines; i++) {
		const struct line *it = &process->lines[i];

		put("%s{\"function\":\"%s\",\"line\":%d,\"class\":\"%s\"", i ? "," : "",
			it->function, it->line, class_names[it->class_]);
		put_count("allocated", it->allocated_bytes, it->allocated_blocks);
		put_count("freed", it->freed_bytes, it->freed_blocks);
		put_count("freed_here", it->freed_here_bytes, it->freed_here_blocks);
		put_count("at_peak", it->at_peak_bytes, it->at_peak_blocks);
		put_count("at_tree_peak", it->at_tree_peak_bytes, it->at_tree_peak_blocks);
		put(",\"max_total_bytes\":%lld}", (long long)it->max_total_bytes);
	}
	put("]}");
}

void truth_file(const char *path)
{
	given_path = path;
}

static void write_out(void)
{
	const char *path = given_path ? given_path : getenv("TRUTH_FILE");
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : 1;

	put("\n");
	if (fd < 0 || write(fd, text, n_text) != (ssize_t)n_text)
		fail("truth: cannot write the books\n");
	if (path)
		close(fd);
	n_text = 0;
}

void truth_print(const char *role)
{
	lock();
	me()->role = role;
	put_process(me());
	write_out();
	unlock();
}

void truth_print_tree(const char *role)
{
	lock();
	me()->role = role;
	put("{\"tree_peak_heap_bytes\":%lld,\"processes\":[", (long long)books->tree_peak);
	for (int p = 0; p < books->n_processes; p++) {
		put("%s", p ? "," : "");
		put_process(&books->processes[p]);
	}
	put("]}");
	write_out();
	unlock();
}

void truth_say(const char *message)
{
	if (write(1, message, strlen(message)) < 0)
		fail("truth: cannot write to stdout\n");
}
