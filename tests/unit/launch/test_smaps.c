/* SPDX: no licence chosen yet, see README */
/*
 * test_smaps.c - smaps by kind: a text with one mapping of each kind whose sums are known, fed in
 * pieces of every size, cut anywhere, and with lines that are none; and our own, against statm.
 */
#include <stdlib.h>
#include <unistd.h>

#include "preload/launch/smaps.h"
#include "tests/unit/launch/check.h"

#define MAPPING(header, rss, changed)                                                              \
	header "\nSize:   1 kB\nRss:    " #rss                                                     \
	       " kB\nPss:  3 kB\nPss_Anon: 9 kB\nAnonymous: " #changed                             \
	       " kB\nAnonHugePages: 7 kB\nVmFlags: rd wr mr mw me ac sd\n"

static const char text[] = MAPPING("1000-3000 r-xp 00000000 fd:01 77   /usr/bin/cat", 8, 0)
	MAPPING("3000-4000 rw-p 00002000 fd:01 77   /usr/bin/cat", 6, 4)
		MAPPING("4000-6000 rw-p 00000000 00:00 0 ", 5, 5) /* .bss */
	MAPPING("9000-b000 rw-p 00000000 00:00 0   [heap]", 100, 100)
		MAPPING("c000-d000 ---p 00000000 00:00 0 ", 0, 0)
			MAPPING("d000-1d000 rw-p 00000000 00:00 0 ", 12, 12) /* a thread's stack */
	MAPPING("1d000-2d000 rw-p 00000000 00:00 0 ", 40, 40) MAPPING(
		"40000-4000000 ---p 00000000 00:00 0 ", 0, 0) /* reserved, too large for a guard */
	MAPPING("4000000-4001000 rw-p 00000000 00:00 0 ", 30, 30) MAPPING(
		"5000000-5001000 rw-s 00000000 00:01 9   /memfd:x y (deleted)", 21,
		0) MAPPING("5001000-5002000 rw-s 00000000 00:01 9   /dev/zero (deleted)", 3, 0)
		MAPPING("6000000-6001000 r-xp 0 fd:01 5   /opt/lib/libmemwatch-preload.so", 50, 0)
			MAPPING("6001000-6002000 rw-p 0 00:00 0 ", 2, 2) /* our .bss */
	MAPPING("7000000-7001000 rw-s 0 fd:01 5   /tmp/run/run.mwd", 9, 0)
		MAPPING("7ff000000-7ff001000 rw-p 0 00:00 0   [stack]", 16, 16)
			MAPPING("7ff002000-7ff003000 r-xp 0 00:00 0   [vdso]", 4, 0);

static void begin(struct mw_smaps *smaps)
{
	mw_smaps_begin(smaps, "libmemwatch-preload.so", "/tmp/run/");
}

static void check_sums(const struct mw_smaps_sums *sums)
{
	CHECK_INT((long long)sums->file_bytes / 1024, 8 + 2 + 4);
	CHECK_INT((long long)sums->data_bytes / 1024, 4 + 5);
	CHECK_INT((long long)sums->anonymous_bytes / 1024, 100 + 40 + 30 + 3);
	CHECK_INT((long long)sums->stack_bytes / 1024, 12 + 16);
	CHECK_INT((long long)sums->shared_bytes / 1024, 21);
	CHECK_INT((long long)sums->own_bytes / 1024, 50 + 2 + 9);
	CHECK_INT((long long)sums->n_mappings, 16);
}

static void test_kinds(void)
{
	static struct mw_smaps smaps;
	for (size_t piece = 1; piece < sizeof(text); piece += piece / 7 + 1) {
		begin(&smaps);
		for (size_t at = 0; at < sizeof(text) - 1; at += piece)
			mw_smaps_feed(&smaps, text + at,
				at + piece < sizeof(text) - 1 ? piece : sizeof(text) - 1 - at);
		mw_smaps_finish(&smaps);
		check_sums(&smaps.sums);
	}
}

static void test_strange_text(void)
{
	static struct mw_smaps smaps;
	for (size_t n = 0; n < sizeof(text); n++) { /* cut anywhere: no more than the whole */
		begin(&smaps);
		mw_smaps_feed(&smaps, text, n);
		mw_smaps_finish(&smaps);
		CHECK(smaps.sums.n_mappings <= 16);
	}
	char *noise = malloc(100000);
	for (size_t i = 0; i < 100000; i++)
		noise[i] = i % 9973 == 0 ? '\n' : (char)(33 + i * 31 % 90);
	begin(&smaps);
	mw_smaps_feed(&smaps, noise, 100000);
	mw_smaps_feed(&smaps, "\n", 1);
	mw_smaps_feed(&smaps, text, sizeof(text) - 1);
	mw_smaps_finish(&smaps);
	check_sums(&smaps.sums);
	free(noise);
}

/* All kinds together are the kernel's own sum; nothing is mapped or touched between the two. */
static void test_own(void)
{
	static struct mw_smaps smaps;
	static char bytes[1 << 16], rollup[1 << 12];
	FILE *whole = fopen("/proc/self/smaps", "r"), *sum = fopen("/proc/self/smaps_rollup", "r");
	if (whole == NULL || sum == NULL)
		return;
	setvbuf(whole, NULL, _IONBF, 0);
	begin(&smaps);
	size_t n;
	while ((n = fread(bytes, 1, sizeof(bytes), whole)) > 0)
		mw_smaps_feed(&smaps, bytes, n);
	mw_smaps_finish(&smaps);
	rollup[fread(rollup, 1, sizeof(rollup) - 1, sum)] = '\0';
	const char *rss = strstr(rollup, "\nRss:");
	long long kib = rss ? atoll(rss + 5) : -1;
	const struct mw_smaps_sums *sums = &smaps.sums;
	long long found = (long long)(sums->anonymous_bytes + sums->stack_bytes + sums->file_bytes +
				      sums->data_bytes + sums->shared_bytes + sums->own_bytes) /
			  1024;
	CHECK(kib > 0 && found <= kib && kib - found <= 128);
	CHECK_INT((long long)sums->own_bytes, 0);
	CHECK(sums->stack_bytes > 0);
	fclose(whole);
	fclose(sum);
}

int main(void)
{
	test_kinds();
	test_strange_text();
	test_own();
	return n_failed_checks != 0;
}
