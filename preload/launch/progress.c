/* SPDX: no licence chosen yet, see README */
/* progress.c - one line on the terminal that tells how the run goes. See progress.h. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/progress.h"

#define PERIOD_NS (200 * MW_NS_PER_MS)
/* A run that is shorter needs no progress. */
#define FIRST_NS (400 * MW_NS_PER_MS)
#define SIZE_BYTES 24
#define LINE_BYTES 256
#define CLEAR "\r\033[K"

void mw_progress_init(struct mw_progress *progress, bool is_wanted)
{
	*progress = (struct mw_progress){ .is_wanted = is_wanted && isatty(STDERR_FILENO) };
}

/* As the report prints sizes. */
static const char *format_size(char *out, int64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double size = (double)bytes;
	size_t unit = 0;
	while (size >= 1024 && unit < 4) {
		size /= 1024;
		unit++;
	}
	snprintf(out, SIZE_BYTES, "%.*f %s", unit ? 1 : 0, size, units[unit]);
	return out;
}

static bool may_write(void)
{
	struct termios mode;
	return tcgetpgrp(STDERR_FILENO) == getpgrp() && tcgetattr(STDERR_FILENO, &mode) == 0 &&
	       (mode.c_lflag & (ICANON | ECHO)) == (ICANON | ECHO);
}

/* The last column stays empty: there some terminals begin the next line. */
static size_t columns(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
		return 79;
	return size.ws_col - 1u;
}

/* One write(), so that nobody's output comes between its parts. */
static void put(const char *text)
{
	ssize_t n = write(STDERR_FILENO, text, strlen(text));
	(void)n; /* a terminal that went away shows nothing */
}

void mw_progress_draw(struct mw_progress *progress, const struct mw_sampler *sampler)
{
	char line[LINE_BYTES] = CLEAR, rss[SIZE_BYTES], peak[SIZE_BYTES], heap[SIZE_BYTES];
	int64_t at_ns, now_ns = sampler->look.at_ns;
	if (!progress->is_wanted || now_ns - sampler->start_ns < FIRST_NS ||
		now_ns - progress->drawn_ns < PERIOD_NS || !may_write())
		return;
	int64_t heap_bytes =
		__atomic_load_n(&sampler->control->page->heap_live_bytes, __ATOMIC_RELAXED);
	snprintf(line + strlen(CLEAR), sizeof(line) - strlen(CLEAR),
		"%.1f s  %zu process%s  RSS %s (peak %s)  heap %s",
		(double)(now_ns - sampler->start_ns) / MW_NS_PER_S, sampler->members.n_live,
		sampler->members.n_live == 1 ? "" : "es", format_size(rss, sampler->look.rss_bytes),
		format_size(peak, mw_sampler_rss_peak(sampler, &at_ns)),
		format_size(heap, heap_bytes > 0 ? heap_bytes : 0));
	size_t most = strlen(CLEAR) + columns();
	if (most < sizeof(line))
		line[most] = '\0';
	put(line);
	progress->drawn_ns = now_ns;
	progress->is_drawn = true;
}

void mw_progress_erase(struct mw_progress *progress)
{
	if (progress->is_drawn && may_write())
		put(CLEAR);
	progress->is_drawn = false;
}
