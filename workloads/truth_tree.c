/* SPDX: no licence chosen yet, see README */
/*
 * truth_tree.c - a tree of forked processes whose common peak is known. One plan for all: the
 * root hands each step (who, which line, how many KiB) to a child through a pipe and waits for
 * its answer, so steps of different processes never overlap and the sum has one history. No
 * process is at its own peak when the tree is at its peak.
 */
#include "workloads/truth.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_CHILDREN = 3, N_SLOTS = 4 };

enum what { TAKE_RED, TAKE_BLUE, DROP, END };

struct step {
	int who; /* N_CHILDREN = the root itself */
	enum what what;
	int slot; /* of the process's blocks */
	size_t kib;
};

static const struct step plan[] = {
	{ N_CHILDREN, TAKE_RED, 0, 100 },
	{ 0, TAKE_RED, 0, 900 }, /* child 0's own peak: tree 1000 */
	{ 0, DROP, 0, 0 },
	{ 1, TAKE_BLUE, 0, 700 },
	{ 1, TAKE_RED, 1, 100 }, /* child 1's own peak: tree 900 */
	{ 1, DROP, 0, 0 },
	{ 2, TAKE_BLUE, 0, 400 },
	{ 0, TAKE_BLUE, 1, 450 },
	{ 1, TAKE_BLUE, 2, 350 },
	{ N_CHILDREN, TAKE_BLUE, 1, 50 }, /* the tree's peak: 50 + 100 + 450 + 450 + 400 */
	{ 2, END, 0, 0 },		  /* dies with 400 live */
	{ 0, DROP, 1, 0 },
	{ N_CHILDREN, DROP, 1, 0 },
	{ 1, TAKE_RED, 3, 120 },
	{ N_CHILDREN, TAKE_RED, 2, 500 }, /* root's own peak */
	{ 1, END, 0, 0 },
	{ 0, END, 0, 0 },
};

static void *slots[N_SLOTS];

static TRUTH_NOINLINE void *red(size_t n)
{
	void *p = T_MALLOC(n);

	TRUTH_KEEP_FRAME();
	return p;
}

static TRUTH_NOINLINE void *blue(size_t n)
{
	void *p = T_CALLOC(n, 1);

	TRUTH_KEEP_FRAME();
	return p;
}

static void take_step(const struct step *step)
{
	if (step->what == TAKE_RED)
		slots[step->slot] = red(step->kib << 10);
	else if (step->what == TAKE_BLUE)
		slots[step->slot] = blue(step->kib << 10);
	else if (step->what == DROP)
		T_FREE(slots[step->slot]);
}

static void live_as_child(int orders, int answers)
{
	int at;

	while (read(orders, &at, sizeof at) == sizeof at) {
		if (plan[at].what == END) {
			truth_gone();
			_exit(plan[at].who);
		}
		take_step(&plan[at]);
		if (write(answers, &at, sizeof at) != sizeof at)
			_exit(98);
	}
	_exit(97);
}

static void tell(int child, int orders, int answers, int at)
{
	int status, answer;

	if (write(orders, &at, sizeof at) != sizeof at)
		abort();
	if (plan[at].what != END) {
		if (read(answers, &answer, sizeof answer) != sizeof answer || answer != at)
			abort();
	} else if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != plan[at].who) {
		abort();
	}
}

int main(void)
{
	static const char *const roles[] = { "child0", "child1", "child2" };
	int orders[N_CHILDREN][2], answers[N_CHILDREN][2], children[N_CHILDREN];

	truth_share();
	for (int i = 0; i < N_CHILDREN; i++) {
		if (pipe(orders[i]) || pipe(answers[i]))
			abort();
		children[i] = fork();
		if (children[i] == 0) {
			truth_forked(roles[i]);
			live_as_child(orders[i][0], answers[i][1]);
		}
	}
	for (size_t at = 0; at < sizeof plan / sizeof *plan; at++) {
		int who = plan[at].who;

		if (who == N_CHILDREN)
			take_step(&plan[at]);
		else
			tell(children[who], orders[who][1], answers[who][0], (int)at);
	}
	truth_print_tree("root");
	return 0;
}
