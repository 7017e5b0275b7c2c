/* SPDX: no licence chosen yet, see README */
/*
 * hazard_moments.c - programs that allocate when nobody expects it, on stacks nobody expects, and
 * that leave where nobody expects it. All of it prints what it did, so that losing output shows.
 *
 *   edges           in an ifunc resolver, before and in constructors, in atexit, destructors
 *   keys            in destructors of thread-specific data, round after round, and of thread_local
 *   late            after the main thread has ended, by pthread_exit
 *   handlers        in handlers on an alternate stack that interrupt malloc's callers
 *   jump TIMES      siglongjmp out of handlers that interrupt mmap and munmap
 *   deep DEPTH N    recursion, allocating at each level, N times
 *   small           threads of 16 KiB stack: allocations, mappings, environment, children
 *   many N          N short threads, one after the other and 16 at a time, cross-thread frees
 *   cancel N        N threads cancelled while they allocate or map
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int n_blocks; /* atomic */

static __attribute__((noinline)) void allocate(size_t bytes)
{
	char *volatile block = malloc(bytes);
	block = realloc(block, bytes + 100);
	block[bytes + 99] = 1;
	free(block);
	__atomic_fetch_add(&n_blocks, 1, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void map(size_t bytes)
{
	char *volatile at =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	at[bytes - 1] = 1;
	munmap(at, bytes);
}

/* ---- edges --------------------------------------------------------------------------------- */

static void *from_resolver, *from_before, *from_constructor;
static int is_edges;

static int plain_seven(void)
{
	return 7;
}

/* The resolver runs while this program is being relocated: everything before it already is. */
static int (*choose_seven(void))(void)
{
	extern void *malloc(size_t);
	from_resolver = malloc(77);
	return plain_seven;
}
int seven(void) __attribute__((ifunc("choose_seven")));

static void before(void)
{
	from_before = malloc(78);
}
__attribute__((section(".preinit_array"), used)) static void (*preinit)(void) = before;

__attribute__((constructor(101))) static void construct(void)
{
	from_constructor = calloc(1, 79);
}

static void say(const char *text)
{
	if (is_edges && write(1, text, strlen(text)) < 0)
		_exit(9);
}

__attribute__((destructor(101))) static void destruct(void)
{
	allocate(80);
	free(from_constructor);
	say("destructor\n");
}

static void at_end(void)
{
	allocate(81);
	free(from_before);
	say("atexit\n");
}

static int run_edges(void)
{
	is_edges = 1;
	atexit(at_end);
	free(from_resolver);
	say(seven() == 7 && from_before && from_constructor ? "all there\n" : "something lost\n");
	return 5;
}

/* ---- keys ---------------------------------------------------------------------------------- */

static pthread_key_t key;
static int n_rounds; /* atomic */

/* As C++'s thread_local does it; runs before the keys' destructors. */
extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
extern void *__dso_handle;

static void destroy_local(void *block)
{
	allocate(50);
	free(block);
}

static void destroy_key(void *block)
{
	free(block);
	allocate(60);
	__atomic_fetch_add(&n_rounds, 1, __ATOMIC_RELAXED);
	pthread_setspecific(key, malloc(61)); /* asks for one more round, up to the limit */
}

static void *use_keys(void *unused)
{
	__cxa_thread_atexit_impl(destroy_local, malloc(51), &__dso_handle);
	pthread_setspecific(key, malloc(61));
	return unused;
}

static int run_keys(void)
{
	pthread_t threads[16];
	pthread_key_create(&key, destroy_key);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 16; i++)
			pthread_create(&threads[i], NULL, use_keys, NULL);
		for (int i = 0; i < 16; i++)
			pthread_join(threads[i], NULL);
	}
	printf("%d rounds, %d blocks\n", n_rounds, n_blocks);
	return 0;
}

/* ---- late ---------------------------------------------------------------------------------- */

static void *outlive(void *main_thread)
{
	pthread_join(*(pthread_t *)main_thread, NULL);
	for (size_t i = 1; i < 1000; i++)
		allocate(i);
	map(100000);
	printf("%d blocks after the main thread\n", n_blocks);
	exit(6);
}

static int run_late(void)
{
	static pthread_t self, thread;
	self = pthread_self();
	pthread_create(&thread, NULL, outlive, &self);
	pthread_exit(NULL);
}

/* ---- handlers ------------------------------------------------------------------------------ */

static volatile sig_atomic_t n_signals;
static sigjmp_buf home;

static void start_alarms(void (*handler)(int), int flags, long us)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	struct itimerval often = { { 0, us }, { 0, us } };
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void stop_alarms(void)
{
	struct itimerval never = { { 0, 0 }, { 0, 0 } };
	setitimer(ITIMER_REAL, &never, NULL);
}

static void map_in_handler(int number)
{
	(void)number;
	int error = errno;
	n_signals++;
	map(8192);
	errno = error;
}

static int run_handlers(void)
{
	static char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	sigaltstack(&alternate, NULL);
	start_alarms(map_in_handler, SA_ONSTACK | SA_RESTART, 100);
	while (n_signals < 2000) {
		errno = 12345;
		free(malloc((size_t)n_signals + 1));
		if (errno != 12345)
			return 1;
		map(4096);
	}
	stop_alarms();
	return puts("2000 signals") < 0;
}

/* ---- jump ---------------------------------------------------------------------------------- */

static void jump_home(int number)
{
	(void)number;
	n_signals++;
	siglongjmp(home, 1);
}

static int run_jump(int n)
{
	static char *volatile kept[64];
	sigsetjmp(home, 1);
	if (n_signals == 0)
		start_alarms(jump_home, 0, 150);
	for (unsigned i = 0; n_signals < n; i++) {
		char *old = kept[i % 64];
		kept[i % 64] = NULL;
		if (old)
			munmap(old, 4096);
		kept[i % 64] = mmap(
			NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	stop_alarms();
	for (unsigned i = 0; i < 100; i++) /* these must all be seen again */
		map(1 << 20);
	return puts("back home") < 0;
}

/* ---- deep ---------------------------------------------------------------------------------- */

static __attribute__((noinline)) size_t go_down(int depth)
{
	char *volatile block = malloc((size_t)depth % 100 + 1);
	*block = (char)depth;
	size_t sum = depth > 1 ? go_down(depth - 1) : 0;
	sum += (unsigned char)*block;
	free(block);
	return sum;
}

static int run_deep(int depth, int n)
{
	size_t sum = 0;
	for (int i = 0; i < n; i++)
		sum += go_down(depth);
	return printf("%zu\n", sum) < 0;
}

/* ---- small --------------------------------------------------------------------------------- */

static void *live_small(void *unused)
{
	char *const argv[] = { (char *)"true", NULL };
	char *const envp[] = { (char *)"A=1", NULL };
	pid_t pid;
	for (size_t i = 1; i < 100; i++)
		allocate(i * 10);
	map(1 << 20);
	if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, envp) == 0)
		waitpid(pid, NULL, 0);
	pid = fork();
	if (pid == 0)
		_exit(execve("/bin/true", argv, environ));
	waitpid(pid, NULL, 0);
	return unused;
}

static int start_with_stack(pthread_t *thread, size_t bytes, void *(*body)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, bytes);
	int error = pthread_create(thread, &attributes, body, argument);
	pthread_attr_destroy(&attributes);
	return error;
}

static int run_small(void)
{
	pthread_t thread;
	for (size_t bytes = (size_t)PTHREAD_STACK_MIN; bytes <= (size_t)512 << 10; bytes *= 2)
		for (int i = 0; i < 5; i++)
			if (start_with_stack(&thread, bytes, live_small, NULL) == 0)
				pthread_join(thread, NULL);
	return printf("%d blocks on small stacks\n", n_blocks) < 0;
}

/* ---- many ---------------------------------------------------------------------------------- */

static void *make_one(void *old)
{
	free(old); /* another thread's */
	allocate(10);
	return malloc(100);
}

static int run_many(int n)
{
	pthread_t threads[16];
	void *blocks[16] = { NULL };
	for (int i = 0; i < n / 2; i++) {
		pthread_create(&threads[0], NULL, make_one, blocks[0]);
		pthread_join(threads[0], &blocks[0]);
	}
	for (int i = 0; i < n / 32; i++) {
		for (int k = 0; k < 16; k++)
			pthread_create(&threads[k], NULL, make_one, blocks[(k + 1) % 16]);
		for (int k = 0; k < 16; k++)
			pthread_join(threads[k], &blocks[k]);
	}
	return printf("%d blocks\n", n_blocks) < 0;
}

/* ---- cancel -------------------------------------------------------------------------------- */

static void *until_cancelled(void *unused)
{
	for (;;) {
		allocate(100);
		map(4096);
		pthread_testcancel();
	}
	return unused;
}

static int run_cancel(int n)
{
	pthread_t threads[4];
	int n_cancelled = 0;
	void *result;
	for (int i = 0; i < n / 4; i++) {
		for (int k = 0; k < 4; k++)
			pthread_create(&threads[k], NULL, until_cancelled, NULL);
		usleep(500);
		for (int k = 0; k < 4; k++)
			pthread_cancel(threads[k]);
		for (int k = 0; k < 4; k++) {
			pthread_join(threads[k], &result);
			n_cancelled += result == PTHREAD_CANCELED;
		}
	}
	return printf("%d cancelled\n", n_cancelled) < 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int a = argc > 2 ? atoi(argv[2]) : 0, b = argc > 3 ? atoi(argv[3]) : 0;
	if (strcmp(what, "edges") == 0)
		return run_edges();
	if (strcmp(what, "keys") == 0)
		return run_keys();
	if (strcmp(what, "late") == 0)
		return run_late();
	if (strcmp(what, "handlers") == 0)
		return run_handlers();
	if (strcmp(what, "jump") == 0)
		return run_jump(a);
	if (strcmp(what, "deep") == 0)
		return run_deep(a, b);
	if (strcmp(what, "small") == 0)
		return run_small();
	if (strcmp(what, "many") == 0)
		return run_many(a);
	if (strcmp(what, "cancel") == 0)
		return run_cancel(a);
	puts("usage: see the head of hazard_moments.c");
	return 2;
}
