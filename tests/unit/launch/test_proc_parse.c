/* SPDX: no licence chosen yet, see README */
/*
 * test_proc_parse.c - the /proc parsers on real lines, hostile names, and every truncation.
 * A text right in front of an unreadable page shows any byte read too far as a crash.
 */
#include <sys/mman.h>

#include "preload/launch/proc_parse.h"
#include "tests/unit/launch/check.h"

#define PAGE 4096u

static const char plain_stat[] =
	"4242 (cat) R 17 4242 17 34816 4242 4194304 99 0 0 0 1 2 0 0 20 -5 1 0 "
	"283737 5623808 220 18446744073709551615 1 2\n";

static char *page_before_hole(void)
{
	static char *page;
	if (page == NULL) {
		page = mmap(
			NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(page + PAGE, PAGE, PROT_NONE);
	}
	return page;
}

static const char *place(const char *text, size_t n)
{
	char *start = page_before_hole() + PAGE - n;
	memcpy(start, text, n);
	return start;
}

static void test_stat(void)
{
	struct mw_proc_stat stat;
	CHECK(mw_proc_parse_stat(plain_stat, sizeof(plain_stat) - 1, &stat));
	CHECK_INT(stat.pid, 4242);
	CHECK_INT(stat.ppid, 17);
	CHECK_INT(stat.state, 'R');
	CHECK_INT((long long)stat.start_ticks, 283737);
}

/* A process may call itself anything: prctl(PR_SET_NAME, "x) Z 1 (y"). */
static void test_stat_with_hostile_name(void)
{
	static const char text[] = "7 (a) Z 1 (\n)) S 3 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 55 0 0";
	struct mw_proc_stat stat;
	CHECK(mw_proc_parse_stat(text, sizeof(text) - 1, &stat));
	CHECK_INT(stat.state, 'S');
	CHECK_INT(stat.ppid, 3);
	CHECK_INT((long long)stat.start_ticks, 55);
}

static void test_stat_cut_anywhere(void)
{
	/* the start time ends at 283737; one more character and it is whole */
	size_t whole = (size_t)(strstr(plain_stat, "283737") - plain_stat);
	for (size_t n = 0; n <= whole; n++) {
		struct mw_proc_stat stat = { .pid = -1 };
		CHECK(!mw_proc_parse_stat(place(plain_stat, n), n, &stat));
		CHECK_INT(stat.pid, -1); /* untouched on failure */
	}
}

static void check_bad_stat(const char *text)
{
	struct mw_proc_stat stat;
	CHECK(!mw_proc_parse_stat(text, strlen(text), &stat));
}

static void test_bad_stat(void)
{
	check_bad_stat("(x) R 1");
	check_bad_stat("99999999999 (x) R 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9");
	check_bad_stat("1 (x) R -1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9");
	check_bad_stat("1 (x) R 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 99999999999999999999999");
}

static void test_statm(void)
{
	struct mw_proc_statm statm;
	CHECK(mw_proc_parse_statm("1373 220 198 5 0 101 0\n", 24, &statm));
	CHECK_INT((long long)statm.size_pages, 1373);
	CHECK_INT((long long)statm.resident_pages, 220);
	CHECK(!mw_proc_parse_statm("1373", 4, &statm));
	CHECK(!mw_proc_parse_statm("1373 -2", 7, &statm));
	CHECK(!mw_proc_parse_statm("", 0, &statm));
}

static void test_status(void)
{
	static const char text[] = "Name:\tVmHWM: 5 kB\nVmHW:\t 6 kB\nVmHWMx:\t7 kB\nVmHWM:\t    "
				   "1524 kB\nVmRSS:\t 12 kB";
	uint64_t kib = 0;
	CHECK(mw_proc_parse_line(text, sizeof(text) - 1, "VmHWM", &kib));
	CHECK_INT((long long)kib, 1524);
	CHECK(!mw_proc_parse_line(text, sizeof(text) - 1, "VmRSS", &kib)); /* cut line */
	CHECK(!mw_proc_parse_line(text, sizeof(text) - 1, "VmPeak", &kib));
	for (size_t n = 0; n < sizeof(text); n++)
		mw_proc_parse_line(place(text, n), n, "VmHWM", &kib);
}

static void test_status_masks(void)
{
	static const char text[] = "SigPnd:\t0000000000000000\nShdPnd:\t80000000000fA002\n"
				   "SigBlk:\t00000000000000000\nSigIgn:\t12x4\nSigCgt:\t\nLast:\t1";
	uint64_t mask = 1;
	CHECK(mw_proc_parse_status_mask(text, sizeof(text) - 1, "SigPnd", &mask));
	CHECK(mask == 0);
	CHECK(mw_proc_parse_status_mask(text, sizeof(text) - 1, "ShdPnd", &mask));
	CHECK(mask == 0x80000000000fa002u);
	CHECK(!mw_proc_parse_status_mask(text, sizeof(text) - 1, "SigBlk", &mask)); /* 17 digits */
	CHECK(!mw_proc_parse_status_mask(text, sizeof(text) - 1, "SigIgn", &mask));
	CHECK(!mw_proc_parse_status_mask(text, sizeof(text) - 1, "SigCgt", &mask));
	CHECK(!mw_proc_parse_status_mask(text, sizeof(text) - 1, "Last", &mask)); /* cut line */
	for (size_t n = 0; n < sizeof(text); n++)
		mw_proc_parse_status_mask(place(text, n), n, "ShdPnd", &mask);
}

static void test_inner_pids(void)
{
	static const char text[] = "Name:\tsh\nNSpid:\t4711\t12\t1\nNSpgid:\t4711\t12\t1\n";
	static const char one[] = "NSpid:\t4711\n", none[] = "NSpid:\t\n",
			  cut[] = "NSpid:\t4711\t1";
	int32_t pid = 0;
	int n = 0;
	CHECK(mw_proc_parse_inner_pid(text, sizeof(text) - 1, &pid, &n));
	CHECK_INT(pid, 1);
	CHECK_INT(n, 3);
	CHECK(mw_proc_parse_inner_pid(one, sizeof(one) - 1, &pid, &n));
	CHECK_INT(pid, 4711);
	CHECK_INT(n, 1);
	CHECK(!mw_proc_parse_inner_pid(none, sizeof(none) - 1, &pid, &n));
	CHECK(!mw_proc_parse_inner_pid(cut, sizeof(cut) - 1, &pid, &n));
}

static void test_children(void)
{
	size_t cursor = 0;
	int32_t pid;
	CHECK(mw_proc_next_pid("12 345 ", 7, &cursor, &pid) && pid == 12);
	CHECK(mw_proc_next_pid("12 345 ", 7, &cursor, &pid) && pid == 345);
	CHECK(!mw_proc_next_pid("12 345 ", 7, &cursor, &pid));
	cursor = 0;
	CHECK(!mw_proc_next_pid("x", 1, &cursor, &pid));
}

static void test_command(void)
{
	char text[8];
	CHECK_INT((long long)mw_proc_format_command("ls\0-l\n\0\0", 8, text, sizeof(text)), 6);
	CHECK_STRING(text, "ls -l ");
	CHECK_INT((long long)mw_proc_format_command("0123456789", 10, text, sizeof(text)), 7);
	CHECK_STRING(text, "0123456");
	CHECK_INT((long long)mw_proc_format_command("\0\0", 2, text, sizeof(text)), 0);
}

int main(void)
{
	test_stat();
	test_stat_with_hostile_name();
	test_stat_cut_anywhere();
	test_bad_stat();
	test_statm();
	test_status();
	test_status_masks();
	test_inner_pids();
	test_children();
	test_command();
	return n_failed_checks != 0;
}
