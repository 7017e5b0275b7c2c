/* SPDX: no licence chosen yet, see README */
/*
 * test_profile_table.c - the `@profile` table byte for byte in memory_profiler's layout, over a
 * source file and sums made by hand (the numbers of INTERFACES 5.3).
 */
#include "report/render/profile_table.h"
#include "tests/unit/check.h"

static const char source_text[] = "#include <x.h>\n"
				  "int other(int n)\n"
				  "{\n"
				  "\treturn grow(n);\n"
				  "}\n"
				  "static char *\n"
				  "grow(int n)\n"
				  "{\n"
				  "\tchar *p = malloc(n);\n"
				  "\n"
				  "\tif (n)\n"
				  "\t\tfree(p);\n"
				  "}\n";

static uint32_t intern(struct mw_profile *profile, const char *text)
{
	uint32_t id = 0;
	CHECK_NUMBER(mw_strings_intern(&profile->strings, text, strlen(text), &id), 0);
	return id;
}

static void add_line(struct mw_profile *profile, uint32_t number, const struct mw_sums *heap)
{
	struct mw_line *line = mw_array_push(&profile->lines);
	line->line = number;
	line->through[MWD_CLASS_HEAP] = *heap;
}

#define MIB(number) ((uint64_t)((number)*0x1p20 + 0.5))

static void make_profile(struct mw_profile *profile, const char *path)
{
	struct mw_function *function = mw_array_push(&profile->functions);
	function->name = intern(profile, "grow");
	function->file = intern(profile, path);
	function->first_line = 9;
	function->last_line = 12;
	add_line(profile, 12,
		&(struct mw_sums){ .freed_here_bytes = MIB(22.7),
			.freed_here_blocks = 1,
			.max_total_bytes = MIB(289.9) });
	add_line(profile, 9,
		&(struct mw_sums){ .allocated_bytes = MIB(228.9),
			.allocated_blocks = 3,
			.freed_bytes = MIB(100),
			.max_total_bytes = MIB(312.6) });
}

static char *print(const struct mw_profile *profile, const char *path, unsigned width)
{
	char *bytes = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&bytes, &n);
	struct mw_text text = { .out = out,
		.width = width ? width : 100,
		.precision = 1,
		.has_exact_tables = width == 0 };
	struct mw_source source = { 0 };
	int error = path ? mw_source_open(path, 0, &source) : 0;
	CHECK_NUMBER(error, 0);
	mw_profile_table_print(&text, profile, 0, path ? &source : NULL);
	mw_source_close(&source);
	fclose(out);
	return bytes;
}

static void prints_the_layout(struct mw_profile *profile, const char *path)
{
	char expected[2048];
	profile->has_free_stacks = true;
	snprintf(expected, sizeof(expected),
		"Filename: %s\n"
		"\n"
		"Line #    Mem usage    Increment  Occurrences   Line Contents\n"
		"=============================================================\n"
		"     7                                         grow(int n)\n"
		"     8                                         {\n"
		"     9    312.6 MiB    228.9 MiB           3   \tchar *p = malloc(n);\n"
		"    10                                         \n"
		"    11                                         \tif (n)\n"
		"    12    289.9 MiB    -22.7 MiB           1   \t\tfree(p);\n"
		"\n\n",
		path);
	char *got = print(profile, path, 0);
	CHECK_TEXT(got, expected);
	free(got);
}

static void without_free_stacks_its_own_blocks_count(struct mw_profile *profile)
{
	profile->has_free_stacks = false;
	char *got = print(profile, NULL, 0);
	CHECK(strstr(got, "     9    312.6 MiB    128.9 MiB           3   \n"
			  "    12                   0.0 MiB           0   \n") != NULL);
	free(got);
}

static void on_a_terminal_no_line_is_wider(struct mw_profile *profile, const char *path)
{
	char *got = print(profile, path, 60);
	char *save = NULL;
	for (char *line = strtok_r(got, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		bool is_fixed = line[0] == '=' || strncmp(line, "Line #", 6) == 0;
		CHECK(is_fixed || mw_format_columns(line) <= 60);
		CHECK(strchr(line, '\t') == NULL);
	}
	free(got);
}

int main(void)
{
	char path[] = "/tmp/memwatch-table-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");
	struct mw_profile profile = { 0 };
	fputs(source_text, file);
	fclose(file);
	make_profile(&profile, path);
	prints_the_layout(&profile, path);
	without_free_stacks_its_own_blocks_count(&profile);
	on_a_terminal_no_line_is_wider(&profile, path);
	remove(path);
	mw_profile_deinit(&profile);
	return mw_check_tally("report/profile_table");
}
