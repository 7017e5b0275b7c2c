/* SPDX: no licence chosen yet, see README */
/*
 * test_files.c - which file answers: separate debug files in all their places, symbol tables,
 * nothing at all, and files that are not what they should be.
 *
 * Each case starts from the same unstripped program, whose addresses and build ID are known.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/symbolize/fixture.h"

static uint64_t mark_static, mark_exported, mark_inlined;
static uint8_t build_id[20];
static char build_id_text[41];

/* The marks themselves must not remain as symbols: they are not in programs of users. */
static bool make_original(void)
{
	FILE *pipe;

	if (!fixture_run("gcc -O2 -g -shared -fPIC -Wl,--build-id=sha1 -o original " FIXTURE_SOURCES
			 "/inline.c"))
		return false;
	mark_static = fixture_symbol("original", "mark_static", NULL);
	mark_exported = fixture_symbol("original", "mark_exported", NULL);
	mark_inlined = fixture_symbol("original", "mark_inlined", NULL);
	if (!fixture_run("objcopy -N mark_static -N mark_exported -N mark_inlined original"))
		return false;
	fixture_run("readelf -n original | sed -n 's/.*Build ID: //p' > id");
	pipe = fopen(fixture_path("id"), "re");
	if (!pipe || fscanf(pipe, "%40s", build_id_text) != 1)
		return false;
	fclose(pipe);
	for (size_t i = 0; i < sizeof(build_id); i++)
		if (sscanf(build_id_text + 2 * i, "%2hhx", &build_id[i]) != 1)
			return false;
	return true;
}

static void check_dwarf(const char *name, const char *debug_path)
{
	struct lookup_options options = {
		.debug_path = debug_path,
		.build_id = build_id,
		.build_id_bytes = sizeof(build_id),
	};
	struct lookup found = lookup(fixture_path(name), mark_inlined, &options);

	CHECK_NUMBER(found.source, MW_SYMBOL_SOURCE_DWARF);
	CHECK_NUMBER(found.symbol.n_frames, 4);
	CHECK_TEXT(lookup_function(&found, 3), "outer");
	CHECK_NUMBER(lookup_line(&found, 3), fixture_line("inline.c", "outer"));
	lookup_end(&found);
}

static void check_symbol(const char *name, uint64_t address, const char *function)
{
	struct lookup found = lookup(fixture_path(name), address, NULL);

	CHECK_NUMBER(found.source, MW_SYMBOL_SOURCE_SYMTAB);
	CHECK_TEXT(found.reason, NULL);
	CHECK_NUMBER(found.symbol.n_frames, 1);
	CHECK_TEXT(lookup_function(&found, 0), function);
	CHECK_TEXT(lookup_file(&found, 0), NULL);
	CHECK_NUMBER(lookup_line(&found, 0), 0);
	lookup_end(&found);
}

static void check_none(const char *path, const struct lookup_options *options, const char *reason)
{
	struct lookup found = lookup(path, mark_exported, options);

	CHECK_NUMBER(found.source, MW_SYMBOL_SOURCE_NONE);
	CHECK_TEXT(found.reason, reason);
	CHECK_NUMBER(found.symbol.n_frames, 1);
	CHECK_TEXT(lookup_function(&found, 0), NULL);
	lookup_end(&found);
}

static void test_debug_link(void)
{
	CHECK(fixture_run("objcopy --only-keep-debug original linked.debug"
			  " && objcopy -S -R .note.gnu.build-id original linked"
			  " && objcopy --add-gnu-debuglink=linked.debug linked"));
	struct lookup found = lookup(fixture_path("linked"), mark_inlined, NULL);

	CHECK_NUMBER(found.source, MW_SYMBOL_SOURCE_DWARF);
	CHECK_TEXT(lookup_function(&found, 0), "level3");
	lookup_end(&found);

	/* A debug file of something else under that name: its checksum is not the link's. */
	CHECK(fixture_run("gcc -g -shared -fPIC -Wl,--build-id=none"
			  " -o other " FIXTURE_SOURCES "/names.cc"
			  " && objcopy --only-keep-debug other linked.debug"));
	check_symbol("linked", mark_exported, "exported");
}

static void test_debug_link_places(void)
{
	CHECK(fixture_run("objcopy --only-keep-debug original placed.debug"
			  " && objcopy -S original placed"
			  " && objcopy --add-gnu-debuglink=placed.debug placed"));
	check_dwarf("placed", NULL);
	CHECK(fixture_run("mkdir -p .debug && mv placed.debug .debug"));
	check_dwarf("placed", NULL);
	CHECK(fixture_run("mkdir -p far$(pwd) && mv .debug/placed.debug far$(pwd)"));
	check_symbol("placed", mark_exported, "exported");
	check_dwarf("placed", fixture_path("far"));
}

static void test_build_id_directory(void)
{
	char both[600];

	CHECK(fixture_run("objcopy -S original bare && mkdir -p ids/.build-id/%.2s"
			  " && objcopy --only-keep-debug original ids/.build-id/%.2s/%s.debug",
		build_id_text, build_id_text, build_id_text + 2));
	check_dwarf("bare", fixture_path("ids"));
	snprintf(both, sizeof(both), "/nowhere:%s:", fixture_path("ids"));
	check_dwarf("bare", both);
	check_symbol("bare", mark_exported, "exported");

	/* Under the right name, but with another build ID inside. */
	CHECK(fixture_run(
		"gcc -O1 -g -shared -fPIC -Wl,--build-id=sha1 -o other " FIXTURE_SOURCES
		"/inline.c && objcopy --only-keep-debug other ids/.build-id/%.2s/%s.debug",
		build_id_text, build_id_text + 2));
	struct lookup_options options = { .debug_path = fixture_path("ids") };
	struct lookup found = lookup(fixture_path("bare"), mark_exported, &options);

	CHECK_NUMBER(found.source, MW_SYMBOL_SOURCE_SYMTAB);
	lookup_end(&found);
}

static void test_symbol_tables(void)
{
	CHECK(fixture_run("objcopy -g original symbols && objcopy -S original stripped"));
	check_symbol("symbols", mark_static, "hidden");
	check_symbol("symbols", mark_inlined, "outer");
	check_symbol("stripped", mark_exported, "exported");
	/* Not exported, so in no table. The exported function before it must not be blamed. */
	check_symbol("stripped", mark_static, NULL);

	if (!fixture_has("xz")) {
		mw_check_skip(".gnu_debugdata", "no xz");
		return;
	}
	CHECK(fixture_run("objcopy -S --keep-symbol=hidden original mini && xz -k mini"
			  " && objcopy --add-section .gnu_debugdata=mini.xz stripped minimal"));
	check_symbol("minimal", mark_static, "hidden");
	check_symbol("minimal", mark_exported, "exported");
}

static void test_build_ids(void)
{
	uint8_t other[20] = { 1, 2, 3 };
	struct lookup_options options = { .build_id = other, .build_id_bytes = sizeof(other) };
	const char *differs = "build ID differs: the file changed since the run";

	check_dwarf("original", NULL);
	check_none(fixture_path("original"), &options, differs);
	options.build_id = build_id;
	options.build_id_bytes = 8; /* a prefix is not it */
	check_none(fixture_path("original"), &options, differs);
	options.build_id_bytes = sizeof(build_id);
	CHECK(fixture_run("objcopy -R .note.gnu.build-id original anonymous"));
	check_none(fixture_path("anonymous"), &options, differs);
}

static void test_no_file(void)
{
	check_none("/nonexistent/lib.so", NULL, "no such file");
	check_none("/etc/passwd/lib.so", NULL, "no such file");
	check_none("[vdso]", NULL, "no file of its own");
	check_none("", NULL, "no file of its own");
	check_none(fixture_directory(), NULL, "not a regular file");
	CHECK(mkfifo(fixture_path("fifo"), 0600) == 0);
	check_none(fixture_path("fifo"), NULL, "not a regular file");
}

static void test_wrong_files(void)
{
	const char *no_symbols = "neither debug information nor symbols in the file";

	CHECK(fixture_run(": > empty && echo 'not ELF' > text && head -c 4096 /dev/urandom > noise"
			  " && (printf '\\177ELF'; cat noise) > garbage"
			  " && gcc -c -o object.o " FIXTURE_SOURCES "/inline.c"
			  " && gcc -O2 -s -o program " FIXTURE_SOURCES "/inline.c"));
	check_none(fixture_path("empty"), NULL, "not an ELF file");
	check_none(fixture_path("text"), NULL, "not an ELF file");
	check_none(fixture_path("object.o"), NULL, "neither a program nor a shared library");
	check_none(fixture_path("program"), NULL, no_symbols);
	struct lookup found = lookup(fixture_path("garbage"), mark_exported, NULL);

	CHECK_NUMBER(found.source, MW_SYMBOL_SOURCE_NONE);
	CHECK(found.reason != NULL);
	lookup_end(&found);
}

/* Whatever is left of a file: no crash, a source, and a reason if the source is none. */
static void check_survives(const char *name)
{
	static const uint64_t offsets[] = { 0, 1, 77, 1 << 20, UINT64_MAX };
	struct lookup found;

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		found = lookup(fixture_path(name), mark_inlined + offsets[i], NULL);
		if (found.symbol.n_frames == 0 ||
			(found.source == MW_SYMBOL_SOURCE_NONE) != (found.reason != NULL))
			CHECK(!"an answer and a consistent source");
		lookup_end(&found);
	}
	CHECK(true);
}

static char *read_original(size_t *size_out)
{
	char *bytes = NULL;
	struct stat status;
	FILE *file = fopen(fixture_path("original"), "re");

	if (file && fstat(fileno(file), &status) == 0)
		bytes = malloc((size_t)status.st_size);
	if (!bytes || fread(bytes, 1, (size_t)status.st_size, file) != (size_t)status.st_size)
		abort();
	fclose(file);
	*size_out = (size_t)status.st_size;
	return bytes;
}

static void write_file(const char *name, const char *bytes, size_t size_bytes)
{
	FILE *file = fopen(fixture_path(name), "we");

	if (!file || fwrite(bytes, 1, size_bytes, file) != size_bytes || fclose(file) != 0)
		abort();
}

static void test_damaged_files(void)
{
	size_t size_bytes;
	char *bytes = read_original(&size_bytes);

	for (size_t i = 0; i < 40; i++) {
		write_file("cut", bytes, size_bytes * i / 40);
		check_none(fixture_path("cut"), NULL,
			i == 0 ? "not an ELF file" : "the file is truncated");
	}
	srand(1);
	for (size_t i = 0; i < 400; i++) {
		size_t spot_idx = (size_t)rand() % size_bytes;
		char kept = bytes[spot_idx];

		bytes[spot_idx] = (char)rand();
		write_file("flipped", bytes, size_bytes);
		check_survives("flipped");
		bytes[spot_idx] = kept;
	}
	free(bytes);
}

int main(void)
{
	if (!CHECK(make_original()))
		return mw_check_tally("symbolize/files");
	test_debug_link();
	test_debug_link_places();
	test_build_id_directory();
	test_symbol_tables();
	test_build_ids();
	test_no_file();
	test_wrong_files();
	test_damaged_files();
	return mw_check_tally("symbolize/files");
}
