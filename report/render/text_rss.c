/* SPDX: no licence chosen yet, see README */
/*
 * text_rss.c - the text report's lines about what the launcher measured from outside: the tree's
 * RSS between its bounds, PSS beside it, what RSS was made of, time and input/output, and what the
 * measuring itself took. The words' meaning is run.json's.
 */
#include <stdlib.h>
#include <string.h>

#include "report/render/text.h"

#define N_MADE 5 /* rows of the table of what RSS was made of */

static double number(const struct mw_json *object, const char *key)
{
	double value = -1;
	mw_json_number(mw_json_member(object, key), &value);
	return value >= 0 && value < 0x1p60 ? value : -1;
}

static bool flag(const struct mw_json *object, const char *key)
{
	bool value = false;
	mw_json_flag(mw_json_member(object, key), &value);
	return value;
}

/* "263.2 MiB"; KiB that nobody knows are "?". */
static const char *kib(
	char out[static MW_FORMAT_BYTES], const struct mw_json *object, const char *key)
{
	double value = number(object, key);
	if (value < 0)
		return strcpy(out, "?");
	return mw_format_size(out, value < 0x1p50 ? (int64_t)value * 1024 : INT64_MAX);
}

static const char *seconds(
	char out[static MW_FORMAT_BYTES], const struct mw_json *object, const char *key)
{
	return mw_format_duration(out, number(object, key) / 1e9);
}

/* How far the sum that was seen may be from the truth. */
static void print_bound(struct mw_text *text, const struct mw_json *tree, size_t n_unseen)
{
	char size[MW_FORMAT_BYTES];
	double n_sampled = number(tree, "upper_sampled_processes");
	double upper_kib = number(tree, "rss_upper_kib");
	double more = 1024 * (upper_kib - number(tree, "rss_lower_kib"));
	if (n_unseen > 0)
		fprintf(text->out, " (sum of processes, at least: %zu not seen)\n", n_unseen);
	else if (flag(tree, "is_exact"))
		fputs(" (sum of processes, exact)\n", text->out);
	else if (n_sampled > 0)
		fprintf(text->out, " (sum of processes, at least: %.0f only sampled)\n", n_sampled);
	else if (upper_kib < 0)
		fputs(" (sum of processes, at least)\n", text->out);
	else
		fprintf(text->out, " (sum of processes; at most %s more)\n",
			mw_format_margin(size, more < 0x1p60 && more > 0 ? (int64_t)more : 0));
}

void mw_text_rss_peak(struct mw_text *text, const struct mw_run *run, size_t n_unseen)
{
	char size[MW_FORMAT_BYTES], when[MW_FORMAT_BYTES], then[MW_FORMAT_BYTES];
	const struct mw_json *tree = mw_json_member(run->info.document, "tree");
	const struct mwd_control *control = &run->dump.control;
	if (number(tree, "rss_lower_kib") > 0) {
		fprintf(text->out, "  RSS       %10s  at %s", kib(size, tree, "rss_lower_kib"),
			seconds(when, tree, "peak_elapsed_ns"));
		print_bound(text, tree, n_unseen);
	} else if (control->rss_peak_bytes > 0) {
		double at_ns = (double)mw_minus(control->rss_peak_ns, control->start_monotonic_ns);
		fprintf(text->out, "  RSS       %10s  at %s (sum of processes, sampled)\n",
			mw_format_size(size, control->rss_peak_bytes),
			mw_format_duration(when, at_ns / 1e9));
	} else {
		fputs("  RSS       not sampled\n", text->out);
	}
	if (number(tree, "pss_kib") > 0)
		fprintf(text->out, "  PSS       %10s  at %s, with RSS %s (shared pages once)\n",
			kib(size, tree, "pss_kib"), seconds(when, tree, "pss_elapsed_ns"),
			kib(then, tree, "rss_at_pss_kib"));
}

static void print_use(struct mw_text *text, const struct mw_json *tree)
{
	char in[MW_FORMAT_BYTES], out[MW_FORMAT_BYTES];
	if (number(tree, "cpu_user_seconds") < 0)
		return;
	mw_text_item(text,
		"CPU %.3f s user, %.3f s system; %.0f page faults, %.0f of them from disk; "
		"switches: %.0f voluntary, %.0f not; devices: %s read, %s written",
		number(tree, "cpu_user_seconds"), number(tree, "cpu_system_seconds"),
		number(tree, "minor_faults") + number(tree, "major_faults"),
		number(tree, "major_faults"), number(tree, "voluntary_switches"),
		number(tree, "involuntary_switches"),
		mw_format_size(in, (int64_t)number(tree, "read_bytes")),
		mw_format_size(out, (int64_t)number(tree, "write_bytes")));
}

static void print_memory(struct mw_text *text, const struct mw_json *tree)
{
	char uss[MW_FORMAT_BYTES], swap[MW_FORMAT_BYTES];
	double n_unreadable = number(tree, "pss_unreadable_processes");
	if (number(tree, "uss_kib") < 0)
		return;
	mw_text_item(text, "with PSS: %s in pages of one process alone (USS), %s swapped out",
		kib(uss, tree, "uss_kib"), kib(swap, tree, "swap_kib"));
	if (n_unreadable > 0)
		mw_text_item(text, "PSS of %.0f processes may not be read: their RSS instead",
			n_unreadable);
}

static void print_sampler(struct mw_text *text, const struct mw_run *run)
{
	const struct mw_json *sampler = mw_json_member(run->info.document, "sampler");
	char late[96] = "";
	if (number(sampler, "samples") <= 0)
		return;
	if (number(sampler, "stretched_samples") > 0)
		snprintf(late, sizeof(late),
			"; %.0f came later to save CPU time, by %.3f s at most",
			number(sampler, "stretched_samples"),
			number(sampler, "longest_interval_seconds"));
	mw_text_item(text,
		"measured by %.0f samples, every %.0f ms or closer, with %.1f %% of a core%s",
		number(sampler, "samples"), run->info.interval_ms,
		100 * number(sampler, "cpu_share"), late);
	if (1e3 * number(sampler, "most_late_seconds") > run->info.interval_ms)
		mw_text_item(text, "the machine was busy: a sample came %.3f s after it was due",
			number(sampler, "most_late_seconds"));
}

static void print_system(struct mw_text *text, const struct mw_run *run)
{
	const struct mw_json *system = mw_json_member(run->info.document, "system");
	const struct mw_json *group = mw_json_member(system, "cgroup");
	char least[MW_FORMAT_BYTES], total[MW_FORMAT_BYTES], stalled[64] = "";
	if (number(system, "psi_some_seconds") >= 0)
		snprintf(stalled, sizeof(stalled), "; tasks waited %.3f s for memory (PSI)",
			number(system, "psi_some_seconds"));
	if (number(system, "least_available_kib") >= 0)
		mw_text_item(text, "system memory: %s available of %s, at least%s",
			kib(least, system, "least_available_kib"), kib(total, system, "total_kib"),
			stalled);
	if (number(group, "peak_kib") >= 0)
		mw_text_item(text, "control group: %s at most, page cache included%s",
			kib(total, group, "peak_kib"),
			number(group, "peak_kib") > number(group, "peak_before_kib")
				? ""
				: ", before this run");
}

static void print_limit(struct mw_text *text, const struct mw_json *limits, const char *key)
{
	const struct mw_json *limit = mw_json_member(limits, key);
	char most[MW_FORMAT_BYTES], was[MW_FORMAT_BYTES], when[MW_FORMAT_BYTES],
		who[120] = "by a process that nobody saw";
	const char *words = mw_json_text(mw_json_member(limit, "command"));
	if (number(limit, "most_bytes") < 0)
		return;
	mw_format_size(most, (int64_t)number(limit, "most_bytes"));
	bool is_total = strcmp(key, "total_rss") == 0;
	if (number(limit, "rss_bytes") < 0) {
		mw_text_item(
			text, "limit of %s RSS, %s: kept", is_total ? "total" : "process", most);
		return;
	}
	if (number(limit, "pid") >= 0)
		snprintf(who, sizeof(who), "%s %.0f (%.79s)", is_total ? "largest: pid" : "by pid",
			number(limit, "pid"), words ? words : "?");
	mw_format_clean(who);
	mw_text_item(text, "limit of %s RSS, %s: passed with %s at %s, %s%s",
		is_total ? "total" : "process", most,
		mw_format_size(was, (int64_t)number(limit, "rss_bytes")),
		seconds(when, limit, "elapsed_ns"), who,
		flag(limits, "is_killed")	? "; all processes killed"
		: flag(limits, "is_terminated") ? "; all processes ended"
						: "");
}

void mw_text_resources(struct mw_text *text, const struct mw_view *view)
{
	for (size_t i = 0; i < view->profile.runs.n; i++) {
		const struct mw_run *run = &view->profile.runs.items[i];
		const struct mw_json *tree = mw_json_member(run->info.document, "tree");
		const struct mw_json *limits = mw_json_member(run->info.document, "limits");
		if (!tree)
			continue;
		mw_text_heading(text, "Resources");
		print_use(text, tree);
		print_memory(text, tree);
		print_limit(text, limits, "total_rss");
		print_limit(text, limits, "process_rss");
		print_system(text, run);
		print_sampler(text, run);
	}
}

/* What a process's RSS was made of; each page in one of them. */
struct made_of {
	const struct mw_process_row *row;
	double rss, heap, mapped, rest, stacks, data, files, shared, ours; /* MiB */
};

static double mib(const struct mw_json *object, const char *key, double unit)
{
	double value = number(object, key);
	return value > 0 ? value / unit : 0;
}

static bool read_made_of(
	const struct mw_profile *profile, const struct mw_process_row *row, struct made_of *out)
{
	const struct mw_json *source = row->seen ? row->seen->source : NULL;
	const struct mw_json *made = mw_json_member(source, "made_of");
	if (number(made, "rss_kib") < 0)
		return false;
	double anonymous = mib(made, "anonymous_kib", 1024), shim = mib(made, "own_kib", 1024);
	*out = (struct made_of){ .row = row,
		.rss = mib(made, "rss_kib", 1024),
		.heap = mib(made, "heap_live_bytes", 1 << 20),
		.mapped = mib(made, "mapped_live_bytes", 1 << 20),
		.stacks = mib(made, "stack_kib", 1024),
		.data = mib(made, "data_kib", 1024),
		.files = mib(made, "file_kib", 1024),
		.shared = mib(made, "shared_kib", 1024),
		.ours = shim };
	/* Our private tables are anonymous as well; the image told how much of us is resident. */
	if (row->image_idx != MW_NONE) {
		uint64_t own_bytes = profile->images.items[row->image_idx].head->own_rss_bytes;
		double tables = (double)own_bytes / (1 << 20) - shim;
		if (tables > 0)
			out->ours += tables < anonymous ? tables : anonymous;
	}
	out->rest = anonymous - (out->ours - shim) - out->heap - out->mapped;
	return true;
}

static int compare_rss(const void *left, const void *right)
{
	const struct made_of *a = left, *b = right;
	return a->rss > b->rss ? -1 : a->rss < b->rss;
}

static void print_made_of(struct mw_text *text, const struct made_of *made)
{
	fprintf(text->out, "%8d %7.1f = %6.1f + %6.1f + %6.1f + %6.1f + %6.1f + %5.1f + %5.1f\n",
		made->row->pid, made->rss, made->heap, made->mapped, made->rest, made->data,
		made->files + made->shared, made->stacks, made->ours);
}

void mw_text_made_of(struct mw_text *text, const struct mw_view *view)
{
	const struct mw_processes *processes = &view->processes;
	struct made_of *list = calloc(processes->rows.n + 1, sizeof(*list));
	text->has_failed |= !list;
	size_t n = 0;
	for (size_t i = 0; list && i < processes->rows.n; i++) {
		if (!view->job.processes.items[view->job.places[i]].is_hidden)
			n += read_made_of(&view->profile, &processes->rows.items[i], &list[n]);
	}
	if (n > 0) {
		qsort(list, n, sizeof(*list), compare_rss);
		mw_text_heading(text, "What RSS was made of, in MiB");
		mw_text_caption(text, "Of the largest processes, near their peak. Rest: the "
				      "allocator's own, less "
				      "what was allocated or mapped and never touched. Ours: shim, "
				      "tables, dump.");
		fprintf(text->out, "%8s %7s   %6s   %6s   %6s   %6s   %6s   %5s   %5s\n", "PID",
			"RSS", "Heap", "Mapped", "Rest", "Data", "Files", "Stack", "Ours");
	}
	for (size_t i = 0; i < n && i < N_MADE; i++)
		print_made_of(text, &list[i]);
	free(list);
}
