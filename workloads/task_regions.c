/* SPDX: no licence chosen yet, see README */
/*
 * task_regions.c - marks regions of its own (preload/memwatch.h), and keeps their books: how many,
 * how many bytes each allocated and still holds, how much of that at the heap's highest point, and
 * the highest heap while each ran. Modes: plain, threads, stopped, fork, exec,
 * limits.
 *
 * The books know regions by what the program did, not by stacks: every block remembers a bit for
 * each region that was open in its thread when it was born.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/memwatch.h"

#define MAX_BOOKS 16
#define MAX_BLOCKS 4096
#define MAX_OPEN 16

struct book {
	const char *name;
	int64_t begun, ended, allocated_bytes, allocated_blocks, live_bytes, at_peak_bytes;
	int64_t peak_sum_bytes, peak_max_bytes;
};

struct block {
	void *address;
	int64_t bytes;
	uint32_t in; /* bits of books */
};

static struct book books[MAX_BOOKS];
static unsigned n_books;
static struct block blocks[MAX_BLOCKS];
static int64_t live_bytes, peak_bytes;
static int64_t n_unbalanced;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct open {
	unsigned book;
	int64_t peak_bytes;
};
static __thread struct open open_stack[MAX_OPEN];
static __thread unsigned n_open;

static unsigned book_of(const char *name)
{
	unsigned i = 0;
	while (i < n_books && strcmp(books[i].name, name) != 0)
		i++;
	if (i == n_books)
		books[n_books++].name = name;
	return i;
}

static void begin(const char *name)
{
	memwatch_task_begin(name);
	pthread_mutex_lock(&lock);
	unsigned book = book_of(name);
	books[book].begun++;
	open_stack[n_open++] = (struct open){ book, live_bytes };
	pthread_mutex_unlock(&lock);
}

static void close_innermost(void)
{
	const struct open *ended = &open_stack[--n_open];
	struct book *book = &books[ended->book];
	book->ended++;
	book->peak_sum_bytes += ended->peak_bytes;
	if (ended->peak_bytes > book->peak_max_bytes)
		book->peak_max_bytes = ended->peak_bytes;
}

static void end(const char *name)
{
	pthread_mutex_lock(&lock);
	unsigned i = n_open;
	while (i > 0 && strcmp(books[open_stack[i - 1].book].name, name) != 0)
		i--;
	n_unbalanced += i == 0;
	while (i > 0 && n_open >= i)
		close_innermost();
	pthread_mutex_unlock(&lock);
	memwatch_task_end(name);
}

static uint32_t open_books(void)
{
	uint32_t in = 0;
	for (unsigned i = 0; i < n_open; i++)
		in |= 1u << open_stack[i].book;
	return in;
}

static void count(uint32_t in, int64_t bytes, int64_t n_blocks)
{
	for (unsigned i = 0; i < n_books; i++) {
		if (!(in & 1u << i))
			continue;
		books[i].live_bytes += bytes;
		books[i].allocated_bytes += bytes > 0 ? bytes : 0;
		books[i].allocated_blocks += n_blocks;
	}
	live_bytes += bytes;
	for (unsigned i = 0; i < n_open; i++)
		if (live_bytes > open_stack[i].peak_bytes)
			open_stack[i].peak_bytes = live_bytes;
	if (live_bytes <= peak_bytes)
		return;
	peak_bytes = live_bytes;
	for (unsigned i = 0; i < n_books; i++)
		books[i].at_peak_bytes = books[i].live_bytes;
}

static struct block *find(const void *address)
{
	unsigned i = 0;
	while (blocks[i].address != address)
		i++;
	return &blocks[i];
}

static void *note(void *address, int64_t bytes)
{
	*find(NULL) = (struct block){ address, bytes, open_books() };
	count(open_books(), bytes, 1);
	return address;
}

static void forget(void *address)
{
	struct block *block = find(address);
	count(block->in, -block->bytes, 0);
	block->address = NULL;
}

static void *take(size_t bytes)
{
	pthread_mutex_lock(&lock);
	void *address = note(malloc(bytes), (int64_t)bytes);
	pthread_mutex_unlock(&lock);
	return address;
}

static void drop(void *address)
{
	pthread_mutex_lock(&lock);
	forget(address);
	free(address);
	pthread_mutex_unlock(&lock);
}

static void *resize(void *address, size_t bytes)
{
	pthread_mutex_lock(&lock);
	forget(address);
	address = note(realloc(address, bytes), (int64_t)bytes);
	pthread_mutex_unlock(&lock);
	return address;
}

static void print(const char *role)
{
	static char text[8192];
	int n = snprintf(text, sizeof(text),
		"{\"role\":\"%s\",\"unbalanced\":%ld,\"peak\":%ld,"
		"\"regions\":{",
		role, (long)n_unbalanced, (long)peak_bytes);
	for (unsigned i = 0; i < n_books; i++) {
		const struct book *b = &books[i];
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			"%s\"%s\":{\"begun\":%ld,\"ended\":%ld,\"allocated_bytes\":%ld,"
			"\"allocated_blocks\":%ld,\"live_bytes\":%ld,\"at_peak_bytes\":%ld,"
			"\"peak_sum_bytes\":%ld,\"peak_max_bytes\":%ld}",
			i ? "," : "", b->name, (long)b->begun, (long)b->ended,
			(long)b->allocated_bytes, (long)b->allocated_blocks, (long)b->live_bytes,
			(long)b->at_peak_bytes, (long)b->peak_sum_bytes, (long)b->peak_max_bytes);
	}
	n += snprintf(text + n, sizeof(text) - (size_t)n, "}}\n");
	const char *path = getenv("TRUTH_FILE");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : 1;
	if (write(fd, text, (size_t)n) != n)
		abort();
	close(fd);
}

static void recurse(unsigned depth)
{
	begin("again");
	void *block = take(100 * depth);
	if (depth > 1)
		recurse(depth - 1);
	end("again");
	drop(block);
}

static void work(void)
{
	void *outside = take(7000);
	begin("load");
	void *kept = take(50000);
	for (unsigned i = 1; i <= 4; i++) {
		begin("parse");
		void *block = take(10000 * i);
		block = resize(block, 12000 * i);
		memwatch_task_instant("parsed");
		drop(block);
		end("parse");
	}
	begin("rest");
	begin("inner");
	drop(outside);
	void *inner = take(300);
	end("rest"); /* and inner with it */
	end("load");
	end("load"); /* unbalanced */
	begin("free");
	drop(kept);
	end("free");
	recurse(3);
	begin("unfinished");
	void *last = resize(inner, 90000);
	(void)last;
}

static void *thread_work(void *number)
{
	size_t n = (size_t)number;
	for (unsigned i = 0; i < 50; i++) {
		begin("thread");
		void *outer = take(1000 * n);
		begin("step");
		void *step = take(200 * n + i);
		end("step");
		drop(outer);
		end("thread");
		drop(step);
	}
	if (n % 2)
		begin("abandoned");
	take(64 * n); /* kept */
	return NULL;
}

static void threads(void)
{
	pthread_t ids[4];
	for (size_t i = 0; i < 4; i++)
		pthread_create(&ids[i], NULL, thread_work, (void *)(i + 1));
	for (size_t i = 0; i < 4; i++)
		pthread_join(ids[i], NULL);
	for (size_t i = 0; i < 20; i++) { /* one after the other: blocks are taken over */
		pthread_create(&ids[0], NULL, thread_work, (void *)(i % 4 + 1));
		pthread_join(ids[0], NULL);
	}
}

/* In the child nothing is open and the books are empty; what it inherited is its parent's. */
static void forget_all(void)
{
	memset(books, 0, sizeof(books));
	memset(blocks, 0, sizeof(blocks));
	n_books = n_open = 0;
	live_bytes = peak_bytes = n_unbalanced = 0;
}

static void forks(void)
{
	begin("parent");
	void *before = take(3000);
	int pid = fork();
	if (pid == 0) {
		forget_all();
		take(1111); /* in no region */
		end("parent");
		begin("child");
		take(2222);
		end("child");
		print("child");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	take(500);
	drop(before);
	end("parent");
}

#if defined(__x86_64__)
/* A frame without unwind table and without frame pointer: stacks stop here. */
__asm__(".text\n"
	"call_untabled:\n"
	"\tpush %rbp\n"
	"\tmov $1, %ebp\n"
	"\tcall *%rdi\n"
	"\tpop %rbp\n"
	"\tret\n");
void call_untabled(void (*function)(void));
#else
static void call_untabled(void (*function)(void))
{
	function();
}
#endif

static void work_untabled(void)
{
	begin("stopped");
	void *first = take(400);
	begin("in it");
	void *second = take(500);
	end("in it");
	end("stopped");
	drop(first);
	drop(second);
}

static void *thread_untabled(void *unused)
{
	call_untabled(work_untabled);
	return unused;
}

/* Threads that take over the block of one whose last stack was cut. */
static void stopped(void)
{
	pthread_t thread;
	for (unsigned i = 0; i < 10; i++) {
		pthread_create(&thread, NULL, thread_untabled, NULL);
		pthread_join(thread, NULL);
	}
}

static void limits(void)
{
	char name[32];
	for (unsigned i = 0; i < 40; i++)
		memwatch_task_begin("deep");
	for (unsigned i = 0; i < 40; i++)
		memwatch_task_end("deep");
	for (unsigned i = 0; i < 2000; i++) {
		begin("often");
		drop(take(100));
		end("often");
		memwatch_task_instant("moment");
	}
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "name %u", i);
		memwatch_task_begin(name);
		memwatch_task_end(name);
	}
	memwatch_task_begin(NULL);
	memwatch_task_end(NULL);
	memwatch_task_end(NULL); /* nothing to end */
	n_unbalanced++;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "plain";
	if (strcmp(mode, "threads") == 0)
		threads();
	else if (strcmp(mode, "fork") == 0)
		forks();
	else if (strcmp(mode, "stopped") == 0)
		stopped();
	else if (strcmp(mode, "limits") == 0)
		limits();
	else if (strcmp(mode, "exec") == 0 && argc == 2) {
		begin("before exec");
		take(4000);
		print("before");
		execl(argv[0], argv[0], "exec", "after", (char *)NULL);
	} else
		work();
	print(mode);
	return 0;
}
