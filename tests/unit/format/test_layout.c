/* SPDX: no licence chosen yet, see README */
/*
 * test_layout.c - preload/format.h alone, by every compiler here, as C and as C++: no padding
 * that is not written down, and every structure laid out as preload/FORMAT.md draws it.
 *
 * One file is generated that asserts every cell of every drawing, and compiled with
 * -Wpadded -Werror; with a hole in it, it must not compile. Argument: the source directory.
 */
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/unit/check.h"

#define GENERATED "test_layout_generated.c"

extern char **environ;

static const struct compiler {
	const char *name, *language, *standard;
} compilers[] = {
	{ "gcc", "-xc", "-std=c11" },
	{ "clang", "-xc", "-std=c11" },
	{ "g++", "-xc++", "-std=c++17" },
	{ "clang++", "-xc++", "-std=c++17" },
};

/* C++ needs two words of the header replaced, after the headers that it includes itself. */
static const char prologue[] = "#ifdef __cplusplus\n"
			       "#include <stddef.h>\n"
			       "#include <stdint.h>\n"
			       "#define class class_\n"
			       "#define _Static_assert static_assert\n"
			       "#endif\n"
			       "#include \"preload/format.h\"\n";
static const char hole[] = "#ifdef HOLE\n"
			   "struct hole { char narrow; long wide; };\n"
			   "_Static_assert(sizeof(struct hole) > 0, \"\");\n"
			   "#endif\n";

static FILE *open_file(const char *directory, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "re");
	mw_check(file != NULL, path, __FILE__, __LINE__);
	return file;
}

/* Compilers lay out what is used. Return: number of structures in the header. */
static unsigned use_structures(const char *directory, FILE *out)
{
	char line[512], name[64];
	unsigned n = 0;
	FILE *header = open_file(directory, "preload/format.h");
	while (header && fgets(line, sizeof(line), header)) {
		if (sscanf(line, "struct %63[a-z_] {", name) != 1 || !strchr(line, '{'))
			continue;
		fprintf(out, "_Static_assert(sizeof(struct %s) > 0, \"\");\n", name);
		n++;
	}
	if (header)
		fclose(header);
	return n;
}

/* Cells "name bytes" between bars; bytes "..." = up to the end of an entry of any size. Return:
 * the offset behind the last one. */
static unsigned long assert_cells(
	char *cells, const char *structure, unsigned long offset, FILE *out)
{
	char field[64], size[16], *rest;
	for (char *cell = strtok_r(cells, "|\n", &rest); cell;
		cell = strtok_r(NULL, "|\n", &rest)) {
		if (sscanf(cell, "%63s %15s", field, size) != 2)
			continue;
		fprintf(out, "_Static_assert(offsetof(struct %s, %s) == %lu, \"drawn at %lu\");\n",
			structure, field, offset, offset);
		if (strcmp(size, "...") == 0)
			continue;
		fprintf(out, "_Static_assert(sizeof(((struct %s *)0)->%s) == %s, \"as drawn\");\n",
			structure, field, size);
		offset += strtoul(size, NULL, 10);
	}
	return offset;
}

/* Rows "0x040 | cell | cell |"; each begins where the one before ended, so no field is left out;
 * the last is the size alone. Return: number of drawings. */
static unsigned assert_drawings(const char *directory, FILE *out)
{
	char line[512], structure[64] = "";
	unsigned long offset = 0;
	unsigned n = 0;
	FILE *page = open_file(directory, "preload/FORMAT.md");
	while (page && fgets(line, sizeof(line), page)) {
		if (sscanf(line, "```layout %63s", structure) == 1) {
			offset = 0;
			n++;
		} else if (strncmp(line, "```", 3) == 0) {
			if (structure[0])
				fprintf(out, "_Static_assert(sizeof(struct %s) == %lu, \"\");\n",
					structure, offset);
			structure[0] = '\0';
		} else if (structure[0]) {
			char *cells;
			CHECK_NUMBER(strtoul(line, &cells, 16), offset);
			offset = assert_cells(cells, structure, offset, out);
		}
	}
	if (page)
		fclose(page);
	return n;
}

static void generate(const char *directory)
{
	FILE *out = fopen(GENERATED, "we");
	if (!mw_check(out != NULL, GENERATED, __FILE__, __LINE__))
		return;
	fputs(prologue, out);
	unsigned n_structures = use_structures(directory, out);
	CHECK(n_structures > 0);
	CHECK_NUMBER(assert_drawings(directory, out), n_structures);
	fputs(hole, out);
	CHECK_NUMBER(fclose(out), 0);
}

/* Return: the compiler's exit status, or -1 when there is no such compiler. */
static int compile(const struct compiler *compiler, const char *directory, bool has_hole)
{
	const char *arguments[] = { compiler->name, compiler->language, compiler->standard,
		"-Wpadded", "-Werror", "-fsyntax-only", "-I", directory,
		has_hole ? "-DHOLE" : "-DNO_HOLE", GENERATED, NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status = -1;
	posix_spawn_file_actions_init(&actions);
	if (has_hole)
		posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	int error = posix_spawnp(
		&pid, compiler->name, &actions, NULL, (char *const *)(uintptr_t)arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		return -1;
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) /* posix_spawn(3): told late */
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : ".";
	generate(directory);
	for (size_t i = 0; i < sizeof(compilers) / sizeof(compilers[0]); i++) {
		int status = compile(&compilers[i], directory, false);
		if (status < 0) {
			mw_check_skip(compilers[i].name, "not installed");
			continue;
		}
		CHECK_NUMBER(status, 0);
		CHECK(compile(&compilers[i], directory, true) > 0);
	}
	return mw_check_tally("format/layout");
}
