/* SPDX: no licence chosen yet, see README */
/*
 * test_samples.c - the launcher's tables: columns by name, unknown cells, cut files; and the
 * files a report writes: whole or not at all.
 */
#include "report/ingest/samples.h"
#include "report/util/output.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"

static struct mw_samples samples;

static void parse(const char *text)
{
	mw_samples_deinit(&samples);
	CHECK_NUMBER(mw_samples_parse(strdup(text), strlen(text), &samples), 0);
}

static double at(size_t row, const char *name)
{
	return mw_samples_at(&samples, row, mw_samples_column(&samples, name));
}

static void columns_are_found_by_name(void)
{
	parse("a,later,b\n1,,3\n18000000000000001,5e3,x\n");
	CHECK_NUMBER(samples.n_rows, 2);
	CHECK_NUMBER(at(0, "b"), 3);
	CHECK(at(0, "later") == MW_SAMPLES_UNKNOWN);
	CHECK_NUMBER(at(1, "later"), 5000);
	CHECK(at(1, "b") == MW_SAMPLES_UNKNOWN);
	CHECK(at(0, "not there") == MW_SAMPLES_UNKNOWN);
	CHECK(at(2, "a") == MW_SAMPLES_UNKNOWN);
}

static void a_cut_file_ends_where_it_is_cut(void)
{
	parse("a,b\n1,2\n3,4\n5");
	CHECK_NUMBER(samples.n_rows, 2);
	parse("a,b\n1,2\n3\n5,6\n");
	CHECK_NUMBER(samples.n_rows, 1);
	parse("a,b\n1,2,3\n");
	CHECK_NUMBER(samples.n_rows, 0);
	parse("a,b");
	CHECK_NUMBER(samples.n_rows, 0);
	parse("");
	CHECK_NUMBER(samples.n_rows, 0);
	mw_samples_deinit(&samples);
	CHECK_NUMBER(mw_samples_parse(NULL, 0, &samples), 0);
	CHECK(at(0, "a") == MW_SAMPLES_UNKNOWN);
}

static void absurd_numbers_are_unknown(void)
{
	parse("a\n-1\nnan\ninf\n1e400\n0x10\n");
	CHECK_NUMBER(samples.n_rows, 5);
	for (size_t i = 0; i < 4; i++)
		CHECK(at(i, "a") == MW_SAMPLES_UNKNOWN);
}

static bool has_text(const char *path, const char *expected)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	if (file)
		fclose(file);
	return n == strlen(expected) && strcmp(text, expected) == 0;
}

static int write_it(const char *path, const char *text, bool is_good)
{
	struct mw_output output;
	int error = mw_output_open(&output, path);
	if (error)
		return error;
	fputs(text, output.file);
	return mw_output_close(&output, is_good);
}

static size_t count_files(void)
{
	FILE *list = popen("ls -A | wc -l", "r");
	size_t n = 0;
	CHECK(list && fscanf(list, "%zu", &n) == 1);
	if (list)
		pclose(list);
	return n;
}

static void files_are_whole_or_not_there(void)
{
	struct stat status;
	CHECK_NUMBER(mw_output_check("new"), 0);
	CHECK_NUMBER(count_files(), 0);
	CHECK_NUMBER(write_it("new", "one", false), 0);
	CHECK_NUMBER(count_files(), 0);
	CHECK_NUMBER(write_it("new", "one", true), 0);
	CHECK(has_text("new", "one"));
	CHECK_NUMBER(chmod("new", 0640), 0);
	CHECK_NUMBER(write_it("new", "two", false), 0);
	CHECK(has_text("new", "one"));
	CHECK_NUMBER(symlink("new", "link"), 0);
	CHECK_NUMBER(write_it("link", "three", true), 0);
	CHECK(has_text("new", "three"));
	CHECK(lstat("link", &status) == 0 && S_ISLNK(status.st_mode));
	CHECK(stat("new", &status) == 0 && (status.st_mode & 0777) == 0640);
	CHECK_NUMBER(count_files(), 2);
}

static void what_cannot_be_written_is_known_before(void)
{
	CHECK_NUMBER(mw_output_check("."), -EISDIR);
	CHECK_NUMBER(mw_output_check("no/such"), -ENOENT);
	CHECK_NUMBER(mw_output_check("new/x"), -ENOTDIR);
	CHECK_NUMBER(mw_output_check("/dev/null"), 0);
	CHECK_NUMBER(write_it("/dev/null", "x", true), 0);
	CHECK_NUMBER(write_it("/dev/full", "x", true), -ENOSPC);
	CHECK_NUMBER(write_it("no/such", "x", true), -ENOENT);
}

int main(void)
{
	char directory[] = "/tmp/memwatch-samples-XXXXXX";
	columns_are_found_by_name();
	a_cut_file_ends_where_it_is_cut();
	absurd_numbers_are_unknown();
	mw_samples_deinit(&samples);
	if (CHECK(mkdtemp(directory) && chdir(directory) == 0)) {
		files_are_whole_or_not_there();
		what_cannot_be_written_is_known_before();
		unlink("new");
		unlink("link");
		CHECK_NUMBER(rmdir(directory), 0);
	}
	return mw_check_tally("report/samples");
}
