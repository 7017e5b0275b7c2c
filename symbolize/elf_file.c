/* SPDX: no licence chosen yet, see README */
/*
 * elf_file.c - one ELF file through elfutils' libdwfl (elf_file.h). Part of symbolize; hosted.
 *
 * Each file gets a Dwfl of its own, since elfutils must not share one between threads. The file
 * is placed at base 0, so that libdwfl's addresses are the file's. The search for debug files is
 * libdwfl's: by build ID, then .gnu_debuglink beside the file, in .debug/ and in the debug path,
 * each checked (build ID or CRC); then debuginfod, if the user set DEBUGINFOD_URLS.
 */
#include "symbolize/elf_file.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_DIRECTORIES "/usr/lib/debug"

const char mw_symbol_elf_no_memory[] = "out of memory";

struct mw_symbol_elf {
	Dwfl_Callbacks callbacks; /* the Dwfl points here */
	char *debug_path;	  /* borrowed; the callbacks point here */
	Dwfl *dwfl;		  /* owned */
	Dwfl_Module *module;	  /* borrowed from dwfl */
};

/* Beside the file and in its .debug/ come first, as libdwfl and gdb have it. */
char *mw_symbol_elf_make_debug_path(const char *directories)
{
	char *list = strdup(directories ? directories : DEFAULT_DIRECTORIES);
	char *path = strdup(":.debug");
	char *rest = NULL;

	for (char *entry = list ? strtok_r(list, ":", &rest) : NULL; entry && path;
		entry = strtok_r(NULL, ":", &rest)) {
		char *absolute = realpath(entry, NULL);
		char *longer = NULL;

		/* A directory that is not there holds nothing. */
		if (!absolute && errno != ENOMEM)
			continue;
		if (!absolute || asprintf(&longer, "%s:%s", path, absolute) < 0)
			longer = NULL;
		free(absolute);
		free(path);
		path = longer;
	}
	if (!list) {
		free(path);
		path = NULL;
	}
	free(list);
	return path;
}

/* Beyond the largest of programs with debug information; reading costs memory after all. */
#define MAX_FILE_BYTES ((off_t)16 << 30)

static const char *open_regular(const char *path, int *fd_out)
{
	struct stat status;
	int fd;

	if (path[0] != '/')
		return "no file of its own";
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? "no such file"
		       : errno == EACCES		   ? "no permission to read the file"
		       : errno == EINVAL		   ? "not a regular file"
							   : "the file cannot be opened";
	if (fstat(fd, &status) != 0 || status.st_size > MAX_FILE_BYTES) {
		close(fd);
		return "the file is too large";
	}
	*fd_out = fd;
	return NULL;
}

/* The section headers stand last in what linkers write. */
static bool is_cut(const GElf_Ehdr *header, uint64_t file_bytes)
{
	uint64_t headers_bytes = (uint64_t)header->e_shnum * header->e_shentsize;

	return header->e_shoff > file_bytes || file_bytes - header->e_shoff < headers_bytes;
}

/* Before libdwfl sees it: it takes other kinds of ELF, and cores, for modules too. */
static const char *check_kind(int fd)
{
	struct stat status;
	GElf_Ehdr header;
	const char *reason = NULL;
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		reason = "not an ELF file";
	else if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		reason = "neither a program nor a shared library";
	else if (fstat(fd, &status) != 0 || is_cut(&header, (uint64_t)status.st_size))
		reason = "the file is truncated";
	elf_end(elf);
	return reason;
}

static const char *check_build_id(Dwfl_Module *module, const uint8_t *wanted, size_t wanted_bytes)
{
	const unsigned char *found = NULL;
	GElf_Addr address;
	int found_bytes;

	if (!wanted || wanted_bytes == 0)
		return NULL;
	found_bytes = dwfl_module_build_id(module, &found, &address);
	if (found_bytes == (int)wanted_bytes && memcmp(found, wanted, wanted_bytes) == 0)
		return NULL;
	return "build ID differs: the file changed since the run";
}

/* Consumes @fd. */
static const char *report_module(struct mw_symbol_elf *elf, const char *path, int fd)
{
	elf->dwfl = dwfl_begin(&elf->callbacks);
	if (elf->dwfl)
		elf->module = dwfl_report_elf(elf->dwfl, path, path, fd, 0, true);
	if (!elf->module) {
		close(fd);
		return "the ELF file is damaged";
	}
	dwfl_report_end(elf->dwfl, NULL, NULL);
	return NULL;
}

const char *mw_symbol_elf_open(const char *path, const uint8_t *build_id, size_t build_id_bytes,
	const char *debug_path, struct mw_symbol_elf **elf_out)
{
	struct mw_symbol_elf *elf;
	const char *reason;
	int fd;

	elf_version(EV_CURRENT);
	reason = open_regular(path, &fd);
	if (reason)
		return reason;
	reason = check_kind(fd);
	elf = reason ? NULL : calloc(1, sizeof(*elf));
	if (!elf) {
		close(fd);
		return reason ? reason : mw_symbol_elf_no_memory;
	}
	elf->debug_path = (char *)debug_path;
	elf->callbacks = (Dwfl_Callbacks){
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &elf->debug_path,
	};
	reason = report_module(elf, path, fd);
	if (!reason)
		reason = check_build_id(elf->module, build_id, build_id_bytes);
	if (reason) {
		mw_symbol_elf_close(elf);
		return reason;
	}
	*elf_out = elf;
	return NULL;
}

struct mw_symbol_elf *mw_symbol_elf_close(struct mw_symbol_elf *elf)
{
	if (!elf)
		return NULL;
	if (elf->dwfl)
		dwfl_end(elf->dwfl);
	free(elf);
	return NULL;
}

struct Dwarf *mw_symbol_elf_dwarf(struct mw_symbol_elf *elf, uint64_t *bias_out)
{
	Dwarf_Addr bias = 0;
	Dwarf *dwarf = dwfl_module_getdwarf(elf->module, &bias);

	if (dwarf)
		*bias_out = bias;
	return dwarf;
}

size_t mw_symbol_elf_count_symbols(struct mw_symbol_elf *elf)
{
	int n_symbols = dwfl_module_getsymtab(elf->module);

	return n_symbols > 0 ? (size_t)n_symbols : 0;
}

/* Is the section code, and where does it end? */
static bool find_code_end(Elf *elf, GElf_Word section_idx, GElf_Addr bias, uint64_t *end_out)
{
	GElf_Shdr header;

	if (!gelf_getshdr(elf_getscn(elf, section_idx), &header) ||
		!(header.sh_flags & SHF_EXECINSTR))
		return false;
	*end_out = header.sh_addr + header.sh_size + bias;
	return true;
}

/* Typed before untyped, exported before local, plain before reserved names: malloc rather than
 * __libc_malloc or __GI___libc_malloc. */
static unsigned rank_symbol(const GElf_Sym *symbol, const char *name)
{
	unsigned rank = 0;

	if (GELF_ST_TYPE(symbol->st_info) != STT_NOTYPE)
		rank += 8;
	if (GELF_ST_BIND(symbol->st_info) != STB_LOCAL)
		rank += 4;
	if (name[0] != '_' || name[1] == 'Z' || name[1] == 'R')
		rank += 2;
	if (GELF_ST_BIND(symbol->st_info) == STB_GLOBAL)
		rank += 1;
	return rank;
}

static bool is_code_type(unsigned type)
{
	return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
}

/* Untyped symbols are the labels of assembler functions, but also linker marks outside of code
 * and, with '$', the mapping symbols of ARM. */
bool mw_symbol_elf_get_symbol(
	struct mw_symbol_elf *elf, size_t symbol_idx, struct mw_symbol_elf_symbol *symbol_out)
{
	GElf_Sym symbol;
	GElf_Addr address, bias;
	GElf_Word section_idx;
	Elf *file;
	uint64_t section_end = 0;
	const char *name = dwfl_module_getsym_info(
		elf->module, (int)symbol_idx, &symbol, &address, &section_idx, &file, &bias);

	if (!name || name[0] == '\0' || name[0] == '$' || section_idx == SHN_UNDEF ||
		section_idx == SHN_ABS || !is_code_type(GELF_ST_TYPE(symbol.st_info)))
		return false;
	if ((symbol.st_size == 0 || GELF_ST_TYPE(symbol.st_info) == STT_NOTYPE) &&
		!find_code_end(file, section_idx, bias, &section_end))
		return false;
	*symbol_out = (struct mw_symbol_elf_symbol){
		.name = name,
		.address = address,
		.size_bytes = symbol.st_size,
		.section_end = section_end,
		.rank = rank_symbol(&symbol, name),
	};
	return true;
}
