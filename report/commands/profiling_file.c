/* SPDX: no licence chosen yet, see README */
/* profiling_file.c - see profiling_file.h. */
#include "report/commands/profiling_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE MW_REPORT_PROFILING_VARIABLE

static int append(const char *path, const char *bytes, size_t n_bytes)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, bytes, n_bytes);
	int error = n == (ssize_t)n_bytes ? 0 : n < 0 ? -errno : -ENOSPC;
	return close(fd) != 0 && !error ? -errno : error;
}

int mw_profiling_file_append(const struct mw_report_run *run, struct mw_text text)
{
	char *bytes = NULL;
	size_t n_bytes = 0;
	if (!mw_report_has_profiling_file())
		return 0;
	text.out = open_memstream(&bytes, &n_bytes);
	if (!text.out)
		return -ENOMEM;
	text.has_color = false;
	text.has_exact_tables = true;
	text.is_wide = false; /* read by programs that know the standard layout */
	if (run->options->task_lines)
		mw_task_lines_render(
			&text, &run->view, run->options->task_lines == MW_REPORT_TASK_LINES_NEW);
	else if (run->options->is_peak_only)
		mw_peak_lines_render(&text, &run->view);
	else
		mw_text_profile_tables(&text, &run->view);
	int error = fclose(text.out) != 0 || text.has_failed ? -ENOMEM : 0;
	if (!error)
		error = append(getenv(VARIABLE), bytes, n_bytes);
	if (error) {
		struct mw_diag diag = { "" };
		mw_diag_set(&diag, VARIABLE ": %s: %s", getenv(VARIABLE), strerror(-error));
		mw_outputs_complain(run, diag.text);
	}
	free(bytes);
	return error;
}
