/* SPDX: no licence chosen yet, see README */
/*
 * test_lives.c - the table of program images and what is made of it: look-up by pids that come
 * round again, exec chains, the upper bound of the tree's RSS against sums done by hand, and the
 * bounded history of each process.
 */
#include <stdlib.h>
#include <unistd.h>

#include "preload/launch/lives.h"
#include "preload/launch/process_timeline.h"
#include "preload/launch/upper_bound.h"
#include "tests/unit/launch/check.h"

static struct mw_lives lives;

static struct mw_life *add(int32_t pid, int64_t begin, int64_t end, int64_t max)
{
	struct mw_life *life = mw_lives_add(&lives, pid, begin);
	life->end_ns = end;
	life->max_rss_bytes = max;
	life->is_exact = true;
	return life;
}

static void test_latest_of_a_pid(void)
{
	struct mw_life *last[1000];
	for (int round = 0; round < 3; round++) {
		for (int pid = 1; pid < 1000; pid++)
			last[pid] = add(pid * 7, round, round, 0);
	}
	for (int pid = 1; pid < 1000; pid++)
		CHECK(mw_lives_latest(&lives, pid * 7) == last[pid]);
	CHECK(mw_lives_latest(&lives, 5) == NULL);
	CHECK_INT((long long)lives.n, 3 * 999);
	mw_lives_deinit(&lives);
	CHECK(mw_lives_latest(&lives, 7) == NULL);
}

static void test_exec_chain(void)
{
	struct mw_life *first = add(11, 100, 100, 0);
	first->start_ticks = 42;
	first->usage.minor_faults = 500;
	first->usage.cpu_user_ns = 3000;
	struct mw_life *second = mw_lives_add_exec(&lives, first, 200);
	CHECK_INT(second->generation, 1);
	CHECK_INT((long long)second->start_ticks, 42);
	CHECK_INT(first->end_ns, 200);
	CHECK(first->has_ended && first->is_exec_end && !second->has_ended);
	CHECK(mw_lives_latest(&lives, 11) == second);
	CHECK_INT((long long)mw_life_own_usage(second).minor_faults, 0);
	second->usage.minor_faults = 720;
	second->usage.cpu_user_ns = 2000; /* a sample older than the exact number before it */
	CHECK_INT((long long)mw_life_own_usage(second).minor_faults, 220);
	CHECK_INT(mw_life_own_usage(second).cpu_user_ns, 0);
	CHECK_INT((long long)mw_life_own_usage(first).minor_faults, 500);
	mw_lives_deinit(&lives);
}

static void test_pids_inside(void)
{
	struct mw_life *own = add(7, 100, 200, 0);
	struct mw_life *first = add(0, 100, 200, 0), *other = add(0, 100, 200, 0);
	mw_lives_place(&lives, first, 0xf0000001, 7);
	mw_lives_place(&lives, other, 0xf0000002, 7);
	struct mw_life *second = mw_lives_add_exec(&lives, first, 150);
	CHECK(mw_lives_latest(&lives, 7) == own);
	CHECK(mw_lives_latest(&lives, 0) == NULL);
	CHECK(mw_lives_latest_inside(&lives, 0xf0000001, 7) == second);
	CHECK(mw_lives_latest_inside(&lives, 0xf0000002, 7) == other);
	CHECK(mw_lives_latest_inside(&lives, 0xf0000003, 7) == NULL);
	CHECK(mw_lives_latest_inside(&lives, 0xf0000001, 8) == NULL);
	mw_lives_name(&lives, second, 4711);
	CHECK(mw_lives_latest(&lives, 4711) == second);
	CHECK_INT(first->pid, 4711);
	CHECK_INT(other->pid, 0);
	mw_lives_deinit(&lives);
	CHECK(mw_lives_latest_inside(&lives, 0xf0000001, 7) == NULL);
}

static void check_bound(int64_t bytes, size_t n_alive, size_t n_sampled)
{
	struct mw_upper_bound found = mw_upper_bound_find(&lives);
	CHECK_INT(found.bytes, bytes);
	CHECK_INT((long long)found.n_alive, (long long)n_alive);
	CHECK_INT((long long)found.n_sampled, (long long)n_sampled);
}

/* A parent all the time; children one after the other, then two together. */
static void test_bound_of_overlaps(void)
{
	check_bound(0, 0, 0);
	add(1, 0, 1000, 10);
	check_bound(10, 1, 0);
	add(2, 100, 200, 50);
	add(3, 200, 300, 70); /* begins as the other ends */
	check_bound(80, 2, 0);
	struct mw_life *sampled = add(4, 250, 400, 30);
	sampled->is_exact = false;
	check_bound(110, 3, 1);
	add(5, 500, 600, 200);
	check_bound(210, 2, 0);
	mw_lives_deinit(&lives);
}

/* As VmHWM was read while the life, whose end is known here already, still ran. */
static void read_before_end(struct mw_life *life, int64_t hwm_bytes, int64_t now_ns)
{
	life->is_exact = false;
	mw_life_note_hwm(life, hwm_bytes, now_ns);
	life->is_exact = true;
}

/* It had 10 until 500, and 100 in the end; the other was gone by then. */
static void test_bound_of_stairs(void)
{
	struct mw_life *growing = add(1, 0, 1000, 100);
	add(2, 100, 400, 60);
	check_bound(160, 2, 0);
	read_before_end(growing, 10, 500);
	check_bound(100, 1, 0);
	read_before_end(growing, 10, 600); /* the same: the stair is longer */
	CHECK_INT((long long)growing->n_steps, 1);
	add(3, 550, 580, 91);
	check_bound(101, 2, 0);
	for (int i = 0; i < 1000; i++)
		read_before_end(growing, 1000 + i, 700 + i);
	CHECK(growing->n_steps < 60); /* each a 64th higher than the one before */
	CHECK_INT(growing->max_rss_bytes, 1999);
	check_bound(1999, 1, 0);
	mw_lives_deinit(&lives);
}

/* What is read after the last words can be of the pid's next owner. */
static void test_exact_is_final(void)
{
	struct mw_life *life = add(1, 0, 1000, 100);
	mw_life_note_hwm(life, 200, 1001);
	mw_life_note_rss(life, 200, 1001);
	CHECK_INT(life->max_rss_bytes, 100);
	check_bound(100, 1, 0);
	mw_lives_deinit(&lives);
}

static struct mw_process_timeline history;

static void sample(struct mw_life *life, int64_t at, int64_t rss)
{
	struct mw_process_sample one = { at, rss, life };
	mw_process_timeline_add(&history, &one);
}

static void test_history_is_bounded(void)
{
	struct mw_life *steady = add(1, 0, 0, 0), *busy = add(2, 0, 0, 0);
	for (int64_t i = 0; i < 1000000; i++) {
		sample(steady, i * 1000, 5 << 20);
		sample(busy, i * 1000, i == 777777 ? 1 << 30 : (1 << 20) + i % 1000);
	}
	CHECK(history.n_rows <= MW_PROCESS_TIMELINE_ROWS);
	CHECK(history.n_rows > 4096);
	CHECK_INT((long long)history.n_dropped, 0);
	size_t n_steady = 0, n_highest = 0;
	for (size_t i = 0; i < history.n_rows; i++) {
		n_steady += history.rows[i].life == steady;
		n_highest += history.rows[i].rss_bytes == 1 << 30;
	}
	CHECK_INT((long long)n_steady, 1);
	CHECK_INT((long long)n_highest, 1);
	mw_process_timeline_deinit(&history);
	mw_lives_deinit(&lives);
}

/* More processes than rows: the small ones go, and are counted. */
static void test_history_of_many(void)
{
	const int n = 200000;
	for (int i = 0; i < n; i++) {
		struct mw_life *life = add(i + 1, i, i, 0);
		sample(life, (int64_t)i * 1000000, i % 100 == 0 ? 64 << 20 : 300 << 10);
	}
	CHECK(history.n_rows <= MW_PROCESS_TIMELINE_ROWS);
	CHECK_INT((long long)(history.n_rows + history.n_dropped), n);
	size_t n_large = 0;
	for (size_t i = 0; i < history.n_rows; i++)
		n_large += history.rows[i].rss_bytes == 64 << 20;
	CHECK_INT((long long)n_large, n / 100);
	mw_process_timeline_deinit(&history);
	mw_lives_deinit(&lives);
}

static void test_history_file(void)
{
	char path[] = "/tmp/mw-history-XXXXXX", line[128];
	struct mw_failure failure;
	struct mw_life *one = add(7, 0, 0, 0), *two = add(8, 0, 0, 0);
	one->start_ticks = 99;
	close(mkstemp(path));
	sample(two, 5, 4096);
	sample(one, 5, 8192);
	sample(one, 6, 8192);
	sample(one, 9, 0);
	CHECK_INT(mw_process_timeline_write(&history, path, &failure), MW_EXIT_OK);
	FILE *file = fopen(path, "r");
	CHECK_STRING(fgets(line, sizeof(line), file), "elapsed_ns,pid,start_ticks,rss_bytes\n");
	CHECK_STRING(fgets(line, sizeof(line), file), "5,7,99,8192\n");
	CHECK_STRING(fgets(line, sizeof(line), file), "5,8,0,4096\n");
	CHECK_STRING(fgets(line, sizeof(line), file), "9,7,99,0\n");
	CHECK(fgets(line, sizeof(line), file) == NULL);
	fclose(file);
	unlink(path);
	mw_process_timeline_deinit(&history);
	mw_lives_deinit(&lives);
}

int main(void)
{
	test_latest_of_a_pid();
	test_exec_chain();
	test_pids_inside();
	test_exact_is_final();
	test_bound_of_overlaps();
	test_bound_of_stairs();
	test_history_is_bounded();
	test_history_of_many();
	test_history_file();
	return n_failed_checks != 0;
}
