/* SPDX: no licence chosen yet, see README */
/*
 * hazard_die.c - dies at any moment, and what was recorded until then is known: each allocation and
 * each free is counted in a shared file the moment it is done.
 *
 *   storm N DIR     starts N times "count DIR/i" and kills it after 0 to 20 ms: every other one
 * from its start, the others from when it has begun to count count FILE      allocates and frees
 * until it is killed; FILE: pid, blocks made, blocks freed hog MIB         touches that much
 * memory, then says so
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct books {
	volatile uint64_t pid, n_made, n_freed;
};

static void *ring[1000];

static __attribute__((noinline)) void turn(struct books *books, unsigned i)
{
	void **place = &ring[i * 7919 % 1000];
	if (*place) {
		free(*place);
		books->n_freed++;
	}
	*place = malloc(16 + i % 3000);
	books->n_made++;
}

static int run_count(const char *file)
{
	int fd = open(file, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, 4096) != 0)
		return 1;
	struct books *books = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	books->pid = (uint64_t)getpid();
	for (unsigned i = 0;; i++)
		turn(books, i);
}

static void wait_for_books(const char *file)
{
	struct books books = { 0, 0, 0 };
	for (int i = 0; i < 20000 && books.pid == 0; i++) {
		int fd = open(file, O_RDONLY);
		(void)!read(fd, (void *)&books, sizeof(books));
		close(fd);
		usleep(500);
	}
}

static int run_storm(const char *self, int n, const char *directory)
{
	char file[4096];
	srand(1);
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%d", directory, i);
		pid_t pid = fork();
		if (pid == 0) {
			execl(self, self, "count", file, (char *)NULL);
			_exit(1);
		}
		if (i % 2)
			wait_for_books(file);
		usleep((useconds_t)(rand() % 20000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static int run_hog(size_t mib)
{
	for (size_t i = 0; i < mib; i++)
		memset(malloc(1 << 20), 1, 1 << 20);
	return puts("enough") < 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "count") == 0)
		return run_count(argv[2]);
	if (argc > 3 && strcmp(argv[1], "storm") == 0)
		return run_storm(argv[0], atoi(argv[2]), argv[3]);
	if (argc > 2 && strcmp(argv[1], "hog") == 0)
		return run_hog((size_t)atol(argv[2]));
	puts("usage: hazard_die storm N DIR | count FILE | hog MIB");
	return 2;
}
