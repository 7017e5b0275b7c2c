/* SPDX: no licence chosen yet, see README */
/*
 * truth_exec.c - all the ways one process starts another. The root starts itself again as a leaf
 * by each row of the table, one after the other; every leaf allocates the same known blocks,
 * appends its own truth under the row's name and says how many foreign variables its
 * environment had. Environments: inherited, empty (as env -i), cleared, NULL, explicit, with the
 * profiler's variables taken out on purpose. The last row is one process that execs through
 * several images.
 *
 *   truth_exec TRUTH_FILE            all rows
 *   truth_exec TRUTH_FILE ROW        that row only
 *   truth_exec TRUTH_FILE leaf NAME  what the rows start
 */
#include "workloads/truth.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char self[PATH_MAX];
static char *truth_path;
static char *no_variables[] = { NULL };
static char *explicit_variables[] = { "LANG=C", "PATH=/usr/bin:/bin", "ANSWER=42", NULL };

static TRUTH_NOINLINE void leaf_work(size_t more)
{
	void *a = T_MALLOC(10000 + more);
	void *b = T_CALLOC(3, 1000);

	T_FREE(b);
	b = T_MALLOC(700);
	T_FREE(a);
	TRUTH_KEEP_FRAME();
}

static void say_environment(const char *name)
{
	int n_foreign = 0;
	char text[200];

	for (char **it = environ; it && *it; it++)
		n_foreign += strncmp(*it, "LD_PRELOAD=", 11) && strncmp(*it, "MEMWATCH_", 9);
	snprintf(text, sizeof text, "leaf %s: %s environment\n", name,
		!n_foreign	 ? "empty"
		: n_foreign == 3 ? "three variables in its"
				 : "full");
	truth_say(text);
}

static int live_as_leaf(const char *name)
{
	leaf_work(0);
	say_environment(name);
	truth_print(name);
	return 0;
}

/* argv of a leaf; the name is the row's. */
#define LEAF(name)                                                                                 \
	{                                                                                          \
		self, truth_path, "leaf", name, NULL                                               \
	}
#define LEAF_LIST(name) self, truth_path, "leaf", name, (char *)NULL

static void row_execve(void)
{
	char *argv[] = LEAF("execve");

	execve(self, argv, environ);
}

static void row_execve_empty(void)
{
	char *argv[] = LEAF("execve_empty");

	execve(self, argv, no_variables);
}

static void row_execve_explicit(void)
{
	char *argv[] = LEAF("execve_explicit");

	execve(self, argv, explicit_variables);
}

static void row_execve_null(void)
{
	char *argv[] = LEAF("execve_null");
	char **volatile nothing = NULL;

	execve(self, argv, nothing);
}

static void row_execv(void)
{
	char *argv[] = LEAF("execv");

	execv(self, argv);
}

static void row_execv_cleared(void)
{
	char *argv[] = LEAF("execv_cleared");

	clearenv();
	execv(self, argv);
}

static void row_execv_unset(void)
{
	char *argv[] = LEAF("execv_unset");

	unsetenv("LD_PRELOAD");
	unsetenv("MEMWATCH_RUN_DIR");
	execv(self, argv);
}

static void row_execvp(void)
{
	char *argv[] = LEAF("execvp");

	execvp(self, argv);
}

static void row_execvpe(void)
{
	char *argv[] = LEAF("execvpe");

	execvpe("truth_exec_by_path", argv, explicit_variables); /* not found: goes on */
	execvpe(self, argv, explicit_variables);
}

static void row_execl(void)
{
	execl(self, LEAF_LIST("execl"));
}

static void row_execl_cleared(void)
{
	clearenv();
	execl(self, LEAF_LIST("execl_cleared"));
}

static void row_execlp(void)
{
	execlp(self, LEAF_LIST("execlp"));
}

static void row_execle(void)
{
	execle(self, LEAF_LIST("execle"), explicit_variables);
}

static void row_fexecve(void)
{
	char *argv[] = LEAF("fexecve");

	fexecve(open(self, O_RDONLY | O_CLOEXEC), argv, explicit_variables);
}

static void row_execveat(void)
{
	char *argv[] = LEAF("execveat");

	execveat(open(self, O_PATH | O_CLOEXEC), "", argv, no_variables, AT_EMPTY_PATH);
}

/* Fails first, goes on with its books as before, then succeeds. */
static void row_exec_fails_first(void)
{
	char *argv[] = LEAF("exec_fails_first");

	execv("/nonexistent/program", argv);
	T_FREE(T_MALLOC(999));
	execv("/etc/passwd", argv);
	T_FREE(T_MALLOC(998));
	truth_print("exec_fails_first before");
	execv(self, argv);
}

static void wait_for(pid_t pid)
{
	int status = -1;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid || status != 0)
		_exit(95);
}

static void row_posix_spawn(void)
{
	char *argv[] = LEAF("posix_spawn");
	pid_t pid = 0;

	posix_spawn(&pid, self, NULL, NULL, argv, environ);
	wait_for(pid);
}

static void row_posix_spawn_empty(void)
{
	char *argv[] = LEAF("posix_spawn_empty");
	pid_t pid = 0;

	posix_spawn(&pid, self, NULL, NULL, argv, no_variables);
	wait_for(pid);
}

static void row_posix_spawnp(void)
{
	char *argv[] = LEAF("posix_spawnp");
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawnp(&pid, self, &actions, NULL, argv, explicit_variables);
	posix_spawn_file_actions_destroy(&actions);
	wait_for(pid);
}

static void shell_command(char *text, size_t n, const char *name)
{
	snprintf(text, n, "exec '%s' '%s' leaf %s", self, truth_path, name);
}

static void row_system(void)
{
	char command[2 * PATH_MAX];

	shell_command(command, sizeof command, "system");
	if (system(command))
		_exit(95);
}

static void row_system_cleared(void)
{
	char command[2 * PATH_MAX];

	shell_command(command, sizeof command, "system_cleared");
	clearenv();
	if (system(command))
		_exit(95);
}

static void row_popen(void)
{
	char command[2 * PATH_MAX];

	shell_command(command, sizeof command, "popen");
	FILE *pipe = popen(command, "w");

	if (!pipe || pclose(pipe))
		_exit(95);
}

static void row_env_i(void)
{
	execlp("env", "env", "-i", LEAF_LIST("env_i"));
}

static void row_vfork(void)
{
	char *argv[] = LEAF("vfork");
	pid_t pid = vfork();

	if (pid == 0) {
		execve(self, argv, no_variables);
		_exit(94);
	}
	wait_for(pid);
	T_FREE(T_MALLOC(997)); /* the parent's books go on: the child shared its memory */
	truth_print("vfork parent");
}

/* A vfork child that only exits must not end its parent's recording. */
static void row_vfork_exit(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	wait_for(pid);
	T_FREE(T_MALLOC(996));
	truth_print("vfork_exit parent");
	_exit(0);
}

static void row_fork_without_handlers(void)
{
	pid_t pid = _Fork();

	if (pid == 0) {
		truth_forked("_Fork");
		_exit(live_as_leaf("_Fork"));
	}
	wait_for(pid);
}

static void row_clone_as_fork(void)
{
	long pid = syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);

	if (pid == 0) {
		truth_forked("clone_as_fork");
		_exit(live_as_leaf("clone_as_fork"));
	}
	wait_for((pid_t)pid);
}

static int in_clone(void *argv)
{
	execve(self, argv, no_variables);
	return 94;
}

static void row_clone_vfork(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	char *argv[] = LEAF("clone_vfork");

	wait_for(clone(in_clone, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, argv));
}

/* By system call: cannot be hooked, but the environment still carries the profiler along. */
static void row_execve_by_system_call(void)
{
	char *argv[] = LEAF("execve_by_system_call");

	syscall(SYS_execve, self, argv, environ);
}

/* A daemon's way: the leaf's parent is gone before the leaf begins. */
static void row_double_fork(void)
{
	int gate[2], done[2];
	char byte = 0;

	if (pipe(gate) || pipe(done))
		_exit(95);
	pid_t pid = fork();

	if (pid == 0) {
		if (fork())
			_exit(0);
		truth_forked("double_fork");
		setsid();
		(void)!read(gate[0], &byte, 1);
		_exit(live_as_leaf("double_fork"));
	}
	wait_for(pid);
	(void)!write(gate[1], &byte, 1);
	close(done[1]);
	(void)!read(done[0], &byte, 1); /* end of file: the leaf has ended */
}

/* One pid, three images: root's fork -> leaf of execv -> ... each prints. */
static void row_chain(void)
{
	execle(self, self, truth_path, "chain", "3", (char *)NULL, no_variables);
}

static int live_as_chain(const char *step)
{
	static char name[32], next[2];
	int n = atoi(step);

	leaf_work((size_t)n * 1000);
	snprintf(name, sizeof name, "chain%d", n);
	truth_print(name);
	next[0] = (char)('0' + n - 1);
	if (n == 0)
		return 0;
	execl(self, self, truth_path, "chain", next, (char *)NULL);
	return 93;
}

#define ROW(name)                                                                                  \
	{                                                                                          \
#name, row_##name                                                                  \
	}
static const struct {
	const char *name;
	void (*start)(void);
} rows[] = { ROW(execve), ROW(execve_empty), ROW(execve_explicit), ROW(execve_null), ROW(execv),
	ROW(execv_cleared), ROW(execv_unset), ROW(execvp), ROW(execvpe), ROW(execl),
	ROW(execl_cleared), ROW(execlp), ROW(execle), ROW(fexecve), ROW(execveat),
	ROW(exec_fails_first), ROW(posix_spawn), ROW(posix_spawn_empty), ROW(posix_spawnp),
	ROW(system), ROW(system_cleared), ROW(popen), ROW(env_i), ROW(vfork), ROW(vfork_exit),
	ROW(fork_without_handlers), ROW(clone_as_fork), ROW(clone_vfork),
	ROW(execve_by_system_call), ROW(double_fork), ROW(chain) };

static int start_rows(const char *only)
{
	int n_failed = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int status = -1;

		if (only && strcmp(only, rows[i].name))
			continue;
		pid_t pid = fork();

		if (pid == 0) {
			truth_forked(rows[i].name);
			rows[i].start();
			/* Rows that only exec come here when that failed; spawning rows always. */
			_exit(strncmp(rows[i].name, "exec", 4) ? 0 : 96);
		}
		waitpid(pid, &status, 0);
		if (status == 0)
			continue;
		n_failed++;
		truth_say(rows[i].name);
		truth_say(" failed\n");
	}
	return n_failed;
}

int main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (argc < 2 || n < 0)
		return 64;
	truth_path = argv[1];
	truth_file(truth_path);
	if (argc == 4 && !strcmp(argv[2], "leaf"))
		return live_as_leaf(argv[3]);
	if (argc == 4 && !strcmp(argv[2], "chain"))
		return live_as_chain(argv[3]);
	return start_rows(argc > 2 ? argv[2] : NULL) ? 1 : 0;
}
