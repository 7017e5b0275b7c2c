/* SPDX: no licence chosen yet, see README */
/* member_reading.c - what /proc says of a member. See member_reading.h. */
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/member_reading.h"
#include "preload/launch/proc_read.h"

static bool read_statm(const struct mw_member *member, struct mw_proc_statm *statm_out)
{
	char bytes[128];
	ssize_t n = member->statm_fd >= 0
			    ? pread(member->statm_fd, bytes, sizeof(bytes), 0)
			    : mw_proc_read(member->pid, "statm", bytes, sizeof(bytes));
	return n > 0 && mw_proc_parse_statm(bytes, (size_t)n, statm_out);
}

/* A leader that ended before its threads has no statm any more; any other thread has. */
static void read_statm_of_thread(struct mw_member *member, struct mw_proc_statm *statm)
{
	int fd = mw_proc_open_statm_of_thread(member->pid);
	if (fd < 0)
		return;
	if (member->statm_fd >= 0)
		close(member->statm_fd);
	member->statm_fd = fd;
	read_statm(member, statm);
}

void mw_member_read_times(const struct mw_member *member)
{
	struct mw_proc_stat stat;
	struct mw_life *life = member->life;
	int64_t tick_ns = MW_NS_PER_S / sysconf(_SC_CLK_TCK);
	if (life->is_usage_exact || !mw_proc_read_stat(member->pid, &stat) ||
		stat.start_ticks != member->start_ticks)
		return;
	life->usage.cpu_user_ns = (int64_t)stat.user_ticks * tick_ns;
	life->usage.cpu_system_ns = (int64_t)stat.system_ticks * tick_ns;
	life->usage.minor_faults = stat.minor_faults;
	life->usage.major_faults = stat.major_faults;
	if (stat.n_threads > life->max_threads && stat.n_threads < UINT32_MAX)
		life->max_threads = (uint32_t)stat.n_threads;
}

void mw_member_read_io(const struct mw_member *member)
{
	struct mwd_usage *usage = &member->life->usage;
	if (!member->life->is_usage_exact)
		mw_proc_read_io(member->pid, &usage->read_bytes, &usage->written_bytes);
}

void mw_member_read_status(struct mw_member *member, int64_t now_ns)
{
	struct mw_proc_status status;
	struct mw_life *life = member->life;
	if (!mw_proc_read_status(member->pid, &status))
		return;
	member->n_pids = status.n_pids;
	if (!member->is_memory_shared && status.hwm_kib > 0)
		mw_life_note_hwm(life, (int64_t)status.hwm_kib * 1024, now_ns);
	if (life->is_usage_exact)
		return;
	life->usage.voluntary_switches = status.voluntary_switches;
	life->usage.involuntary_switches = status.involuntary_switches;
}

bool mw_proc_read_inner(int32_t pid, uint32_t own_namespace, struct mw_inner *inner_out)
{
	struct mw_proc_status status;
	uint32_t pid_namespace = mw_proc_read_pid_namespace(pid);
	*inner_out = (struct mw_inner){ 0 };
	if (pid_namespace != 0 && pid_namespace == own_namespace)
		return true;
	if (!mw_proc_read_status(pid, &status))
		return false;
	if (pid_namespace == 0 && status.n_pids > 1)
		pid_namespace = MW_NAMESPACE_UNKNOWN;
	if (pid_namespace != 0 && status.n_pids > 0)
		*inner_out = (struct mw_inner){ pid_namespace, status.inner_pid };
	return true;
}

/*
 * Between vfork and exec a child has its parent's memory, which must not count twice. Once
 * seen with an address space of its own, it keeps one.
 */
static bool is_memory_shared(struct mw_member *member)
{
	if (member->is_memory_shared)
		member->is_memory_shared = mw_proc_is_same_memory(member->pid, member->life->ppid);
	return member->is_memory_shared;
}

void mw_member_read_rss(struct mw_member *member)
{
	static int64_t page_bytes;
	struct mw_proc_statm statm = { 0 };
	if (page_bytes == 0)
		page_bytes = sysconf(_SC_PAGESIZE);
	bool is_shared = is_memory_shared(member);
	if (!is_shared)
		read_statm(member, &statm);
	if (!is_shared && statm.size_pages == 0 && !mw_member_has_ended(member))
		read_statm_of_thread(member, &statm);
	member->rss_bytes = (int64_t)statm.resident_pages * page_bytes;
}
