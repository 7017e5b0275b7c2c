/* SPDX: no licence chosen yet, see README */
/* newcomers.c - may there be processes that we have not met? See newcomers.h. */
#include <fcntl.h>
#include <unistd.h>

#include "preload/launch/newcomers.h"
#include "preload/launch/proc_parse.h"

void mw_newcomers_init(struct mw_newcomers *newcomers)
{
	*newcomers = (struct mw_newcomers){ .fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC) };
}

bool mw_newcomers_may_be(struct mw_newcomers *newcomers)
{
	char bytes[128];
	uint64_t last_pid;
	ssize_t n = newcomers->fd < 0 ? -1 : pread(newcomers->fd, bytes, sizeof(bytes), 0);
	if (n <= 0 || !mw_proc_parse_last_pid(bytes, (size_t)n, &last_pid))
		return true;
	bool is_new = last_pid != newcomers->last_pid;
	newcomers->last_pid = last_pid;
	return is_new;
}

void mw_newcomers_deinit(struct mw_newcomers *newcomers)
{
	if (newcomers->fd >= 0)
		close(newcomers->fd);
	newcomers->fd = -1;
}
