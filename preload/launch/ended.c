/* SPDX: no licence chosen yet, see README */
/* ended.c - see ended.h. */
#include "preload/launch/clock.h"
#include "preload/launch/ended.h"
#include "preload/launch/lives.h"

static int64_t nanoseconds(struct timeval time)
{
	return time.tv_sec * MW_NS_PER_S + time.tv_usec * 1000;
}

static struct mwd_usage usage_of(const struct rusage *counted)
{
	return (struct mwd_usage){ .cpu_user_ns = nanoseconds(counted->ru_utime),
		.cpu_system_ns = nanoseconds(counted->ru_stime),
		.minor_faults = (uint64_t)counted->ru_minflt,
		.major_faults = (uint64_t)counted->ru_majflt,
		.voluntary_switches = (uint64_t)counted->ru_nvcsw,
		.involuntary_switches = (uint64_t)counted->ru_nivcsw,
		.read_bytes = (uint64_t)counted->ru_inblock * 512,
		.written_bytes = (uint64_t)counted->ru_oublock * 512 };
}

void mw_ended_init(struct mw_ended *ended)
{
	getrusage(RUSAGE_CHILDREN, &ended->before);
}

struct mwd_usage mw_ended_usage(const struct mw_ended *ended)
{
	struct rusage counted;
	getrusage(RUSAGE_CHILDREN, &counted);
	struct mwd_usage now = usage_of(&counted), before = usage_of(&ended->before);
	return mw_usage_since(&now, &before);
}

/* Until its exec the command's process had our memory, and a maximum is kept over exec. */
int64_t mw_ended_max_rss_bytes(const struct mw_ended *ended)
{
	struct rusage counted, own;
	getrusage(RUSAGE_CHILDREN, &counted);
	getrusage(RUSAGE_SELF, &own);
	bool is_theirs =
		counted.ru_maxrss > own.ru_maxrss && counted.ru_maxrss > ended->before.ru_maxrss;
	return is_theirs ? counted.ru_maxrss * 1024 : 0;
}
