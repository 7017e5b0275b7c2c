/* SPDX: no licence chosen yet, see README */
/*
 * oracle.c - symbolize/ against addr2line -f -i -C (oracle.h). Both answers to an address are
 * written in addr2line's form and compared as text, after removing what only one of them has:
 * discriminators, and "?" or "??" for what is unknown.
 */
#include "tests/unit/symbolize/oracle.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "symbolize/symbolize.h"

struct range {
	uint64_t start;
	uint64_t end;
};

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool find_text(const char *path, struct range *range_out)
{
	char command[4200], line[1024];
	uint64_t size_bytes;
	bool is_found = false;
	FILE *pipe;

	snprintf(command, sizeof(command), "readelf -SW '%s' 2>/dev/null", path);
	pipe = popen(command, "r");
	while (pipe && fgets(line, sizeof(line), pipe)) {
		const char *section = strstr(line, " .text ");

		if (section && sscanf(section, " .text %*s %" SCNx64 " %*x %" SCNx64,
				       &range_out->start, &size_bytes) == 2) {
			range_out->end = range_out->start + size_bytes;
			is_found = true;
		}
	}
	if (pipe)
		pclose(pipe);
	return is_found;
}

static FILE *start_addr2line(const char *tool, const char *path, const uint64_t *addresses,
	size_t n_addresses, char *list_path)
{
	char command[4300];
	FILE *list;
	int fd = mkstemp(list_path);

	if (fd < 0)
		return NULL;
	list = fdopen(fd, "w");
	for (size_t i = 0; i < n_addresses; i++)
		fprintf(list, "0x%" PRIx64 "\n", addresses[i]);
	fclose(list);
	snprintf(command, sizeof(command), "%s -a -f -i -C -e '%s' < '%s' 2>/dev/null", tool, path,
		list_path);
	return popen(command, "r");
}

static void cut(char *start, const char *end)
{
	memmove(start, end, strlen(end) + 1);
}

/* "/a/./b/../c" -> "/a/c". */
static void remove_dots(char *path)
{
	char *dots;

	while ((dots = strstr(path, "/./")) != NULL)
		cut(dots, dots + 2);
	for (char *from = path; (dots = strstr(from, "/../")) != NULL;) {
		char *parent = dots;

		while (parent > path && parent[-1] != '/')
			parent--;
		if (parent > path && strncmp(parent, "../", 3) != 0)
			cut(parent - 1, dots + 3);
		else
			from = dots + 1;
	}
}

/* symbolize/ gives the function of the source, addr2line the compiler's clone of it. */
static void remove_clone(char *function)
{
	static const char *const marks[] = { " [clone ", ".cold", ".constprop.", ".isra.",
		".lto_priv.", ".part." };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		char *mark = strstr(function, marks[i]);

		if (mark && mark > function)
			*mark = '\0';
	}
}

/* "f:3 (discriminator 3)" -> "f:3", "f:?" -> "f:0". A file without directory and line is the
 * nearest STT_FILE symbol, which symbolize/ does not read. */
static void normalise(char *line)
{
	char *discriminator = strstr(line, " (discriminator ");
	char *end;

	line[strcspn(line, "\n")] = '\0';
	if (discriminator)
		*discriminator = '\0';
	end = strrchr(line, ':');
	if (end && strcmp(end, ":?") == 0)
		end[1] = '0';
	if (end && strcmp(end, ":0") == 0 && !strchr(line, '/'))
		strcpy(line, "??:0");
	remove_dots(line);
}

/* Between the end of a symbol and the next one addr2line goes on giving the symbol, symbolize/
 * gives none; both have the same line, if any. */
static bool is_padding(const char *ours, const char *theirs)
{
	const char *file = strchr(theirs, '\n');

	return strncmp(ours, "??\n", 3) == 0 && file && strcmp(file, ours + 2) == 0;
}

static void write_ours(char *text, size_t size_bytes, struct mw_symbol symbol)
{
	FILE *out = fmemopen(text, size_bytes, "w");

	for (size_t i = 0; i < symbol.n_frames; i++) {
		const struct mw_symbol_frame *frame = &symbol.frames[i];

		fprintf(out, "%s\n", frame->function ? frame->function : "??");
		fprintf(out, "%s:%u\n", frame->file ? frame->file : "??", frame->line);
	}
	fclose(out);
}

/* Reads addr2line's answers, each headed by its address, and compares. */
static void compare_answers(FILE *pipe, const struct mw_symbolizer *symbolizer,
	const uint64_t *addresses, const size_t *ids, size_t max_differences, FILE *differences,
	struct oracle_result *result)
{
	static char theirs[1 << 20], ours[1 << 20], line[1 << 18];
	size_t n_lines = 0, used_bytes = 0, i = 0;
	bool is_open = fgets(line, sizeof(line), pipe) != NULL;

	for (; is_open && i < result->n_addresses; i++) {
		used_bytes = n_lines = 0;
		theirs[0] = '\0';
		while ((is_open = fgets(line, sizeof(line), pipe) != NULL) &&
			strncmp(line, "0x", 2) != 0) {
			normalise(line);
			if (n_lines++ % 2 == 0)
				remove_clone(line);
			used_bytes += (size_t)snprintf(
				theirs + used_bytes, sizeof(theirs) - used_bytes, "%s\n", line);
		}
		write_ours(ours, sizeof(ours), mw_symbolizer_get(symbolizer, ids[i]));
		result->n_inlined += n_lines > 2;
		result->n_with_file += n_lines > 0 && strstr(theirs, "/") != NULL;
		if (strcmp(ours, theirs) == 0) {
			result->n_equal++;
		} else if (is_padding(ours, theirs)) {
			result->n_padding++;
		} else if (differences && max_differences > 0) {
			max_differences--;
			fprintf(differences, "0x%" PRIx64 ": ours:\n%saddr2line:\n%s\n",
				addresses[i], ours, theirs);
		}
	}
}

static bool resolve(struct mw_symbolizer *symbolizer, const char *path, const uint64_t *addresses,
	size_t *ids, size_t n_addresses)
{
	unsigned module;

	if (!symbolizer || mw_symbolizer_add_module(symbolizer, path, NULL, 0, &module) != 0)
		return false;
	for (size_t i = 0; i < n_addresses; i++)
		if (mw_symbolizer_want(symbolizer, module, addresses[i], false, &ids[i]) != 0)
			return false;
	return mw_symbolizer_resolve(symbolizer, NULL, NULL) == 0;
}

int oracle_compare(const char *tool, const char *path, unsigned step, size_t max_addresses,
	FILE *differences, size_t max_differences, struct oracle_result *result_out)
{
	char list_path[] = "/tmp/symbolize-oracle-XXXXXX";
	struct oracle_result result = { 0 };
	struct mw_symbolizer *symbolizer;
	uint64_t *addresses;
	size_t *ids;
	struct range text;
	double start_seconds;
	FILE *pipe;

	if (!find_text(path, &text))
		return -1;
	addresses = calloc((text.end - text.start) / step + 1, sizeof(*addresses));
	ids = calloc((text.end - text.start) / step + 1, sizeof(*ids));
	for (uint64_t address = text.start;
		address < text.end && (max_addresses == 0 || result.n_addresses < max_addresses);
		address += step)
		addresses[result.n_addresses++] = address;

	start_seconds = now_seconds();
	symbolizer = mw_symbolizer_create(NULL);
	if (!resolve(symbolizer, path, addresses, ids, result.n_addresses))
		abort();
	result.our_seconds = now_seconds() - start_seconds;

	start_seconds = now_seconds();
	pipe = start_addr2line(tool, path, addresses, result.n_addresses, list_path);
	if (pipe)
		compare_answers(
			pipe, symbolizer, addresses, ids, max_differences, differences, &result);
	if (pipe)
		pclose(pipe);
	result.oracle_seconds = now_seconds() - start_seconds;
	unlink(list_path);
	mw_symbolizer_destroy(symbolizer);
	free(addresses);
	free(ids);
	*result_out = result;
	return pipe ? 0 : -1;
}
