/* SPDX: no licence chosen yet, see README */
/*
 * test_inspect.c - verdicts on real programs, hand-made ones and damaged ones.
 *
 * Real files come in as arguments (verdict=path, built by the test's CMakeLists.txt with
 * -static, -static-pie and, where the compiler can, -m32), so each verdict is checked against
 * what the tool chain really makes. Damage is exhaustive: every truncation and every single
 * corrupted byte of a real head must give some verdict, and reads nothing outside (the head
 * lies right in front of a page that cannot be read).
 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/inspect.h"
#include "tests/unit/launch/check.h"

static const struct mw_inspect_facts plain = { .path = "/x/prog", .mode = 0755 };

static enum mwd_verdict judge(
	const void *head, size_t head_bytes, const struct mw_inspect_facts *facts)
{
	struct mw_inspect_result result;
	memset(&result, 0xff, sizeof(result));
	mw_inspect_program(head, head_bytes, facts, &result);
	return result.verdict;
}

static size_t read_head(const char *path, uint8_t *head)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, MW_INSPECT_HEAD_BYTES);
	if (n < 0) {
		perror(path);
		exit(1);
	}
	close(fd);
	return (size_t)n;
}

static enum mwd_verdict judge_file(const char *path)
{
	uint8_t head[MW_INSPECT_HEAD_BYTES];
	struct mw_inspect_facts facts = plain;
	facts.path = path;
	return judge(head, read_head(path, head), &facts);
}

static void test_argument(const char *argument)
{
	const char *path = strchr(argument, '=') + 1;
	enum mwd_verdict verdict = judge_file(path);
	if ((int)verdict != atoi(argument)) {
		n_failed_checks++;
		fprintf(stderr, "%s: verdict %d, expected %d\n", path, verdict, atoi(argument));
	}
}

/* An ELF head with one PT_INTERP, as small as it can be. */
struct tiny_program {
	Elf64_Ehdr elf;
	Elf64_Phdr segment[2];
	char loader[64];
};

static struct tiny_program make_tiny(const char *loader)
{
	struct tiny_program tiny = {
		.elf = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN,
#ifdef __x86_64__
			.e_machine = EM_X86_64,
#else
			.e_machine = EM_AARCH64,
#endif
			.e_phoff = offsetof(struct tiny_program, segment),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2 },
		.segment = { { .p_type = PT_LOAD },
			{ .p_type = PT_INTERP,
				.p_offset = offsetof(struct tiny_program, loader),
				.p_filesz = strlen(loader) + 1 } },
	};
	strcpy(tiny.loader, loader);
	return tiny;
}

static enum mwd_verdict judge_tiny(struct tiny_program tiny)
{
	return judge(&tiny, sizeof(tiny), &plain);
}

static void test_loader_names(void)
{
#ifdef __x86_64__
	CHECK_INT(judge_tiny(make_tiny("/lib64/ld-linux-x86-64.so.2")), MWD_VERDICT_FOLLOWED);
	CHECK_INT(judge_tiny(make_tiny("/nix/store/x/ld-linux-x86-64.so.2")), MWD_VERDICT_FOLLOWED);
	CHECK_INT(judge_tiny(make_tiny("ld-linux-x86-64.so.2")), MWD_VERDICT_FOLLOWED);
#endif
	CHECK_INT(judge_tiny(make_tiny("/lib/ld-musl-x86_64.so.1")), MWD_VERDICT_OTHER_LOADER);
	CHECK_INT(judge_tiny(make_tiny("/x/not-ld-linux-x86-64.so.2")), MWD_VERDICT_OTHER_LOADER);
	CHECK_INT(judge_tiny(make_tiny("")), MWD_VERDICT_OTHER_LOADER);
}

static void test_header_variants(void)
{
	struct tiny_program tiny = make_tiny("/lib/ld-musl-x86_64.so.1");
	tiny.segment[1].p_type = PT_DYNAMIC;
	CHECK_INT(judge_tiny(tiny), MWD_VERDICT_STATIC);
	tiny.elf.e_machine = EM_RISCV;
	CHECK_INT(judge_tiny(tiny), MWD_VERDICT_OTHER_CLASS);

	tiny = make_tiny("/lib/ld-musl-x86_64.so.1");
	tiny.elf.e_type = ET_REL;
	CHECK_INT(judge_tiny(tiny), MWD_VERDICT_UNKNOWN);
	tiny.elf.e_type = ET_EXEC;
	tiny.elf.e_phentsize = 1;
	CHECK_INT(judge_tiny(tiny), MWD_VERDICT_UNKNOWN);
	tiny.elf.e_phentsize = sizeof(Elf64_Phdr);
	tiny.elf.e_phoff = UINT64_MAX - 7;
	CHECK_INT(judge_tiny(tiny), MWD_VERDICT_UNKNOWN);
}

/* patchelf moves PT_INTERP to the end of the file: the caller is told where to look. */
static void test_loader_outside_head(void)
{
	struct tiny_program tiny = make_tiny("/lib/ld-musl-x86_64.so.1");
	struct mw_inspect_result result;
	tiny.segment[1].p_offset = 1u << 20;
	mw_inspect_program((const uint8_t *)&tiny, sizeof(tiny), &plain, &result);
	CHECK_INT(result.verdict, MWD_VERDICT_UNKNOWN);
	CHECK_INT((long long)result.loader_offset, 1 << 20);
	CHECK_INT(result.loader_bytes, strlen(tiny.loader) + 1);
	tiny.segment[1].p_offset = UINT64_MAX;
	mw_inspect_program((const uint8_t *)&tiny, sizeof(tiny), &plain, &result);
	CHECK_INT(result.verdict, MWD_VERDICT_UNKNOWN);
}

static void test_the_loader_itself(void)
{
	struct tiny_program tiny = make_tiny("x");
	struct mw_inspect_facts facts = plain;
	tiny.segment[1].p_type = PT_DYNAMIC;
#ifdef __x86_64__
	facts.path = "/lib64/ld-linux-x86-64.so.2";
	CHECK_INT(judge(&tiny, sizeof(tiny), &facts), MWD_VERDICT_FOLLOWED);
#endif
	facts.path = "/usr/bin/ld.so";
	CHECK_INT(judge(&tiny, sizeof(tiny), &facts), MWD_VERDICT_FOLLOWED);
	facts.path = "/usr/bin/bld.so";
	CHECK_INT(judge(&tiny, sizeof(tiny), &facts), MWD_VERDICT_STATIC);
}

static void test_changes_of_ids(void)
{
	struct tiny_program tiny = make_tiny("/lib64/ld-linux-x86-64.so.2");
	struct mw_inspect_facts facts = { .path = "/x/su",
		.mode = 04755,
		.file_uid = 0,
		.file_gid = 0,
		.real_uid = 1000,
		.real_gid = 100,
		.effective_uid = 1000,
		.effective_gid = 100 };
	CHECK_INT(judge(&tiny, sizeof(tiny), &facts), MWD_VERDICT_SETUID);
	facts.file_uid = 1000; /* set-user-ID to oneself changes nothing */
	CHECK(judge(&tiny, sizeof(tiny), &facts) != MWD_VERDICT_SETUID);
	facts.mode = 02755;
	CHECK_INT(judge(&tiny, sizeof(tiny), &facts), MWD_VERDICT_SETUID);
	facts.mode = 02745; /* mandatory locking, not set-group-ID */
	CHECK(judge(&tiny, sizeof(tiny), &facts) != MWD_VERDICT_SETUID);
	facts.mode = 0755;
	facts.has_capabilities = 1;
	CHECK_INT(judge(&tiny, sizeof(tiny), &facts), MWD_VERDICT_SETUID);
	facts.real_uid = facts.effective_uid = 0; /* root gains nothing from them */
	CHECK(judge(&tiny, sizeof(tiny), &facts) != MWD_VERDICT_SETUID);
	facts.effective_uid = 5; /* we run with borrowed ids already */
	CHECK_INT(judge(&tiny, sizeof(tiny), &facts), MWD_VERDICT_SETUID);
	facts.effective_uid = 0;
	facts.mode = 04755;
	CHECK_INT(judge("#!/bin/sh\n", 10, &facts), MWD_VERDICT_UNKNOWN);
}

static void check_script(const char *text, const char *interpreter)
{
	struct mw_inspect_result result;
	mw_inspect_program((const uint8_t *)text, strlen(text), &plain, &result);
	CHECK_INT(result.verdict, MWD_VERDICT_UNKNOWN);
	CHECK_STRING(result.script_interpreter, interpreter);
}

static void test_scripts(void)
{
	check_script("#!/bin/sh\necho\n", "/bin/sh");
	check_script("#! \t/usr/bin/env -S x\n", "/usr/bin/env");
	check_script("#!/bin/sh", "/bin/sh");
	check_script("#!bin/relative x\n", "bin/relative");
	check_script("#!", "");
	check_script("#!\n/bin/sh\n", "");
	check_script("#", "");
	check_script("", "");
	check_script("echo no interpreter\n", "");
	char longest[400];
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "#!/", 3);
	longest[399] = '\0';
	check_script(longest, ""); /* the kernel refuses a cut name */
	longest[255] = '\n';
	struct mw_inspect_result result;
	mw_inspect_program((const uint8_t *)longest, 399, &plain, &result);
	CHECK_INT(strlen(result.script_interpreter), 253);
}

/* Bytes placed so that reading one too many is a crash. */
static uint8_t *place_before_hole(const uint8_t *head, size_t head_bytes, uint8_t *page)
{
	uint8_t *start = page + MW_INSPECT_HEAD_BYTES - head_bytes;
	memcpy(start, head, head_bytes);
	return start;
}

static void test_damage(const char *path)
{
	uint8_t head[MW_INSPECT_HEAD_BYTES];
	size_t n = read_head(path, head);
	uint8_t *page = mmap(NULL, 2 * MW_INSPECT_HEAD_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(page + MW_INSPECT_HEAD_BYTES, MW_INSPECT_HEAD_BYTES, PROT_NONE);
	for (size_t cut = 0; cut <= n; cut++)
		CHECK(judge(place_before_hole(head, cut, page), cut, &plain) <=
			MWD_VERDICT_UNKNOWN);
	CHECK_INT(judge(head, 63, &plain), MWD_VERDICT_UNKNOWN);
	size_t header_end = n < 1024 ? n : 1024;
	for (size_t i = 4; i < header_end; i++) {
		for (unsigned value = 0; value < 256; value++) {
			uint8_t *start = place_before_hole(head, header_end, page);
			start[i] = (uint8_t)value;
			CHECK(judge(start, header_end, &plain) <= MWD_VERDICT_UNKNOWN);
		}
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		test_argument(argv[i]);
	test_loader_names();
	test_header_variants();
	test_loader_outside_head();
	test_the_loader_itself();
	test_changes_of_ids();
	test_scripts();
	test_damage("/proc/self/exe");
	return n_failed_checks != 0;
}
