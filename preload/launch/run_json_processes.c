/* SPDX: no licence chosen yet, see README */
/* run_json_processes.c - "processes" of run.json. See run_json_processes.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preload/launch/clock.h"
#include "preload/launch/make_up.h"
#include "preload/launch/run_json_processes.h"
#include "preload/launch/text.h"

/* One member of an object; the first one has no comma in front. */
static void put_name(FILE *out, const char *name, bool is_first)
{
	fprintf(out, "%s\n\t\t\t\"%s\":\t", is_first ? "" : ",", name);
}

static void put_integer(FILE *out, const char *name, int64_t value)
{
	put_name(out, name, false);
	fprintf(out, "%" PRId64, value);
}

static void put_seconds(FILE *out, const char *name, int64_t ns, int digits)
{
	put_name(out, name, false);
	fprintf(out, "%.*f", digits, (double)ns / MW_NS_PER_S);
}

static void put_bool(FILE *out, const char *name, bool value)
{
	put_name(out, name, false);
	fputs(value ? "true" : "false", out);
}

static void put_kib_if_known(FILE *out, const char *name, int64_t bytes)
{
	if (bytes >= 0)
		put_integer(out, name, bytes / 1024);
}

static void put_text(FILE *out, const char *name, const char *text)
{
	char *clean = mw_text_make_utf8(text);
	put_name(out, name, false);
	fputc('"', out);
	for (const char *at = clean ? clean : ""; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			fprintf(out, "\\u%04x", (unsigned)(unsigned char)*at);
		else if (*at == '"' || *at == '\\')
			fprintf(out, "\\%c", *at);
		else
			fputc(*at, out);
	}
	fputc('"', out);
	free(clean);
}

/* Microseconds are what the kernel counts in. */
static void put_usage(FILE *out, const struct mwd_usage *usage)
{
	put_seconds(out, "cpu_user_seconds", usage->cpu_user_ns, 6);
	put_seconds(out, "cpu_system_seconds", usage->cpu_system_ns, 6);
	put_integer(out, "minor_faults", (int64_t)usage->minor_faults);
	put_integer(out, "major_faults", (int64_t)usage->major_faults);
	put_integer(out, "voluntary_switches", (int64_t)usage->voluntary_switches);
	put_integer(out, "involuntary_switches", (int64_t)usage->involuntary_switches);
	put_integer(out, "read_bytes", (int64_t)usage->read_bytes);
	put_integer(out, "write_bytes", (int64_t)usage->written_bytes);
}

/* A command that was gone before its words could be read: they are those we were given. */
static void put_root_command(FILE *out, char **command)
{
	char joined[1024] = "";
	size_t used = 0;
	for (; *command != NULL && used < sizeof(joined) - 1; command++)
		used += (size_t)snprintf(
			joined + used, sizeof(joined) - used, "%s%s", used ? " " : "", *command);
	put_text(out, "command", joined);
}

static void put_command(FILE *out, const struct mw_life *life, const struct mw_run_state *run)
{
	bool is_known = life->command != NULL && life->command[0] != '\0';
	if (!is_known && life->pid == run->supervision.root_pid && life->generation == 0)
		put_root_command(out, run->options->command);
	else
		put_text(out, "command", is_known ? life->command : "");
}

static void put_identity(FILE *out, const struct mw_life *life, const struct mw_run_state *run)
{
	put_name(out, "pid", true);
	fprintf(out, "%d", life->pid);
	put_integer(out, "ppid", life->ppid);
	if (life->start_ticks != 0)
		put_integer(out, "start_ticks", (int64_t)life->start_ticks);
	if (life->pid_namespace != 0) {
		put_integer(out, "pid_namespace", life->pid_namespace);
		put_integer(out, "namespace_pid", life->inner_pid);
	}
	put_integer(out, "exec_generation", life->generation);
	if (life->image_offset != 0)
		put_integer(out, "image", (int64_t)life->image_offset);
	put_command(out, life, run);
}

static void put_times(FILE *out, const struct mw_life *life, int64_t start_ns)
{
	bool is_sampled = life->peak_ns != 0 && life->peak_ns < life->end_ns;
	int64_t peak_ns = is_sampled ? life->peak_ns : life->end_ns;
	put_seconds(out, "first_seen_seconds", life->begin_ns - start_ns, 3);
	put_seconds(out, "last_seen_seconds", life->end_ns - start_ns, 3);
	put_integer(out, "first_seen_elapsed_ns", life->begin_ns - start_ns);
	put_integer(out, "last_seen_elapsed_ns", life->end_ns - start_ns);
	put_integer(out, "peak_elapsed_ns", peak_ns - start_ns);
}

static void put_memory(FILE *out, const struct mw_life *life, const struct mw_sampler *sampler)
{
	bool is_at_peak = life->peak_number == sampler->peak_number;
	put_integer(out, "max_rss_kib", life->max_rss_bytes / 1024);
	put_bool(out, "is_exact", life->is_exact);
	put_integer(out, "rss_at_tree_peak_kib", is_at_peak ? life->rss_at_peak_bytes / 1024 : 0);
	put_kib_if_known(out, "pss_kib", life->pss_bytes);
	put_kib_if_known(out, "uss_kib", life->uss_bytes);
	put_kib_if_known(out, "swap_kib", life->swap_bytes);
}

/* What malloc and mmap gave is anonymous as far as it was touched; the rest of that is malloc's
 * own, and our private tables, less what was never touched. */
static void put_make_up(FILE *out, const struct mw_make_up *made, int64_t start_ns)
{
	const struct mw_smaps_sums *sums = &made->sums;
	put_name(out, "made_of", false);
	fprintf(out, "{\"elapsed_ns\": %" PRId64 ", \"rss_kib\": %" PRId64, made->at_ns - start_ns,
		made->rss_bytes / 1024);
	if (made->heap_live_bytes >= 0)
		fprintf(out, ", \"heap_live_bytes\": %" PRId64 ", \"mapped_live_bytes\": %" PRId64,
			made->heap_live_bytes, made->mapped_live_bytes);
	fprintf(out,
		", \"anonymous_kib\": %" PRIu64 ", \"stack_kib\": %" PRIu64
		", \"file_kib\": %" PRIu64 ", \"data_kib\": %" PRIu64 ", \"shared_kib\": %" PRIu64
		", \"own_kib\": %" PRIu64 ", \"mappings\": %" PRIu64 "}",
		sums->anonymous_bytes / 1024, sums->stack_bytes / 1024, sums->file_bytes / 1024,
		sums->data_bytes / 1024, sums->shared_bytes / 1024, sums->own_bytes / 1024,
		sums->n_mappings);
}

static void put_process(FILE *out, const struct mw_life *life, const struct mw_run_state *run)
{
	struct mwd_usage usage = mw_life_own_usage(life);
	put_identity(out, life, run);
	put_times(out, life, run->start_ns);
	put_memory(out, life, run->sampler);
	if (life->make_up != NULL)
		put_make_up(out, life->make_up, run->start_ns);
	put_usage(out, &usage);
	put_bool(out, "is_usage_exact", life->is_usage_exact);
	if (life->max_threads > 0)
		put_integer(out, "max_threads", life->max_threads);
	if (life->has_status && !life->is_exec_end)
		put_integer(out, life->is_signal ? "term_signal" : "exit_status", life->status);
}

char *mw_run_json_processes(const struct mw_run_state *run)
{
	char *text = NULL;
	size_t n_bytes;
	FILE *out = open_memstream(&text, &n_bytes);
	if (out == NULL)
		return NULL;
	const struct mw_lives *lives = &run->sampler->lives;
	fputc('[', out);
	for (size_t i = 0; i < lives->n; i++) {
		fputs(i == 0 ? "{" : ", {", out);
		put_process(out, lives->all[i], run);
		fputs("\n\t\t}", out);
	}
	fputc(']', out);
	return fclose(out) == 0 ? text : NULL;
}
