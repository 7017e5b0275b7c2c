/* SPDX: no licence chosen yet, see README */
/* surroundings.c - the system's memory while the run lasts. See surroundings.h. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload/launch/proc_parse.h"
#include "preload/launch/surroundings.h"

#define FILE_BYTES 4096

static int open_file(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The whole file, NUL terminated. Return: false if it is not there. */
static bool read_fd(int fd, char *text)
{
	ssize_t n = fd < 0 ? -1 : pread(fd, text, FILE_BYTES - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool read_file(const char *path, char *text)
{
	int fd = open_file(path);
	bool is_read = read_fd(fd, text);
	close_if_open(&fd);
	return is_read;
}

static void read_meminfo(struct mw_surroundings *surroundings)
{
	char text[FILE_BYTES];
	uint64_t kib;
	if (!read_fd(surroundings->meminfo_fd, text))
		return;
	if (mw_proc_parse_line(text, strlen(text), "MemTotal", &kib))
		surroundings->total_bytes = (int64_t)kib * 1024;
	if (!mw_proc_parse_line(text, strlen(text), "MemAvailable", &kib))
		return;
	surroundings->available_bytes = (int64_t)kib * 1024;
	if (surroundings->least_available_bytes < 0 ||
		surroundings->available_bytes < surroundings->least_available_bytes)
		surroundings->least_available_bytes = surroundings->available_bytes;
}

/* Opening it can succeed where reading fails (EOPNOTSUPP: no CONFIG_PSI_DEFAULT_DISABLED=n). */
static void read_pressure(struct mw_surroundings *surroundings)
{
	char text[FILE_BYTES];
	unsigned percent, hundredths;
	unsigned long long total_us;
	if (!read_fd(surroundings->pressure_fd, text) ||
		sscanf(text, "some avg10=%u.%2u avg60=%*s avg300=%*s total=%llu", &percent,
			&hundredths, &total_us) != 3)
		return;
	surroundings->some_avg10 = (int32_t)(percent * 100 + hundredths);
	surroundings->some_us = (int64_t)total_us;
}

static int64_t read_number(const char *path)
{
	char text[FILE_BYTES];
	return path[0] != '\0' && read_file(path, text) ? atoll(text) : -1;
}

/* The files a control group may have it in: version 2, version 1; NULL = not that line. */
static const char *file_of_line(const char *line, const char **group_out)
{
	const char *group = strchr(line, ':');
	group = group ? strchr(group + 1, ':') : NULL;
	if (group == NULL)
		return NULL;
	*group_out = group + 1;
	if (strncmp(line, "0::", 3) == 0)
		return "/sys/fs/cgroup%s/memory.peak";
	return strstr(line, ":memory:") ? "/sys/fs/cgroup/memory%s/memory.max_usage_in_bytes"
					: NULL;
}

/* "/" is the root group, and has no name in a path. */
static void find_cgroup(struct mw_surroundings *surroundings)
{
	char text[FILE_BYTES];
	char *rest = text;
	if (!read_file("/proc/self/cgroup", text))
		return;
	for (char *line; (line = strsep(&rest, "\n")) != NULL && line[0] != '\0';) {
		const char *group;
		const char *format = file_of_line(line, &group);
		if (format == NULL)
			continue;
		const char *name = strcmp(group, "/") == 0 ? "" : group;
		const char *end = strstr(format, "%s");
		snprintf(surroundings->cgroup_file, sizeof(surroundings->cgroup_file), "%.*s%s%s",
			(int)(end - format), format, name, end + 2);
		surroundings->cgroup_before_bytes = read_number(surroundings->cgroup_file);
		if (surroundings->cgroup_before_bytes >= 0)
			return;
	}
	surroundings->cgroup_file[0] = '\0';
}

void mw_surroundings_init(struct mw_surroundings *surroundings)
{
	*surroundings = (struct mw_surroundings){ .meminfo_fd = open_file("/proc/meminfo"),
		.pressure_fd = open_file("/proc/pressure/memory"),
		.available_bytes = -1,
		.least_available_bytes = -1,
		.total_bytes = -1,
		.some_avg10 = -1,
		.some_us = -1,
		.cgroup_before_bytes = -1,
		.cgroup_bytes = -1 };
	find_cgroup(surroundings);
	read_pressure(surroundings);
	surroundings->some_us_before = surroundings->some_us;
}

void mw_surroundings_look(struct mw_surroundings *surroundings, int64_t now_ns)
{
	if (surroundings->read_ns != 0 &&
		now_ns - surroundings->read_ns < MW_SURROUNDINGS_PERIOD_NS)
		return;
	surroundings->read_ns = now_ns;
	read_meminfo(surroundings);
	read_pressure(surroundings);
}

void mw_surroundings_finish(struct mw_surroundings *surroundings)
{
	if (surroundings->cgroup_file[0] != '\0' && surroundings->cgroup_bytes < 0)
		surroundings->cgroup_bytes = read_number(surroundings->cgroup_file);
	read_pressure(surroundings);
	close_if_open(&surroundings->meminfo_fd);
	close_if_open(&surroundings->pressure_fd);
}
