/* SPDX: no licence chosen yet, see README */
/* progress.c - one line on the terminal that tells how the run goes. See progress.h. */
#include <stdio.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/progress.h"
#include "report/util/format.h"
#include "report/util/terminal.h"

#define PERIOD_NS (200 * MW_NS_PER_MS)
/* A run that is shorter needs no progress. */
#define FIRST_NS (400 * MW_NS_PER_MS)
#define LINE_BYTES 256

void mw_progress_init(struct mw_progress *progress, bool is_wanted)
{
	*progress = (struct mw_progress){ .is_wanted = is_wanted && isatty(STDERR_FILENO) };
}

void mw_progress_draw(struct mw_progress *progress, const struct mw_sampler *sampler)
{
	char line[LINE_BYTES], rss[MW_FORMAT_BYTES], peak[MW_FORMAT_BYTES], heap[MW_FORMAT_BYTES];
	int64_t at_ns, now_ns = sampler->look.at_ns;
	if (!progress->is_wanted || now_ns - sampler->start_ns < FIRST_NS ||
		now_ns - progress->drawn_ns < PERIOD_NS || !mw_terminal_is_ours())
		return;
	int64_t heap_bytes =
		__atomic_load_n(&sampler->control->page->heap_live_bytes, __ATOMIC_RELAXED);
	snprintf(line, sizeof(line), "%.1f s  %zu process%s  RSS %s (peak %s)  heap %s",
		(double)(now_ns - sampler->start_ns) / MW_NS_PER_S, sampler->members.n_live,
		sampler->members.n_live == 1 ? "" : "es",
		mw_format_size(rss, sampler->look.rss_bytes),
		mw_format_size(peak, mw_sampler_rss_peak(sampler, &at_ns)),
		mw_format_size(heap, heap_bytes > 0 ? heap_bytes : 0));
	mw_terminal_draw(line);
	progress->drawn_ns = now_ns;
	progress->is_drawn = true;
}

void mw_progress_erase(struct mw_progress *progress)
{
	if (progress->is_drawn && mw_terminal_is_ours())
		mw_terminal_draw("");
	progress->is_drawn = false;
}
