/* SPDX: no licence chosen yet, see README */
/*
 * test_format_example.c - the worked example of preload/FORMAT.md, byte for byte: the page shows
 * these bytes, and the report's reader says of them what the page says. Then the reader's duties,
 * on the same dump damaged. Argument: the page.
 */
#include <errno.h>
#include <stdlib.h>

#include "report/ingest/dump.h"
#include "report/model/sums.h"
#include "tests/unit/check.h"

enum { CONTROL = 0, IMAGE = 0x1000, LOG = 0x2000, NODES = 0x3000, RECORDS = 0x4000, END = 0x5000 };

/* Rows of 16 bytes; all others are zero. */
static const struct row {
	uint32_t offset;
	const char *hex;
} rows[] = {
	{ 0x0000, "894d57440d0a1a0a0100000000100000" },
	{ 0x0010, "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf" },
	{ 0x0020, "00002a36fe9c971700e40b5402000000" },
	{ 0x0030, "66120000000000000002000000000000" },
	{ 0x0040, "00500000000000000050000000000000" },
	{ 0x0050, "00100000000000000100000000000000" },
	{ 0x0080, "00000000000000009001000000000000" },
	{ 0x0090, "80682a54020000000200000002000000" },
	{ 0x00c0, "0000180000000000c0aa395402000000" },
	{ 0x00d0, "02000000000000000000000000000000" },
	{ 0x1000, "4d474553010040000010000000000000" },
	{ 0x1010, "00100000000000000000000000000000" },
	{ 0x1050, "01000000010000000100000000000000" },
	{ 0x1060, "671200006612000040261b5402000000" },
	{ 0x1070, "00ed4854020000000100000000000000" },
	{ 0x1080, "00000000020000000200000002000000" },
	{ 0x1090, "80682a54020000000000000000000000" },
	{ 0x10a0, "000018000000000000004b0000000000" },
	{ 0x10b0, "00400000000000000000000000000000" },
	{ 0x10e0, "01000000070000000000000000000000" },
	{ 0x1160, "0000000000000000fa00000000000000" },
	{ 0x1170, "90010000000000000000000000000000" },
	{ 0x1800, "2f746d702f686f6c6400000000000000" },
	{ 0x1a00, "2e2f686f6c6400000000000000000000" },
	{ 0x2000, "4d474553040040000010000000000000" },
	{ 0x2010, "00100000000000000000000000000000" },
	{ 0x2020, "0000000000000000a000000000000000" },
	{ 0x2040, "60000000010000000100000014000000" },
	{ 0x2050, "00405555555500000040555555550000" },
	{ 0x2060, "0090555555550000c0c1c2c3c4c5c6c7" },
	{ 0x2070, "c8c9cacbcccdcecfd0d1d2d300000000" },
	{ 0x2080, "00000000000000000900000000000000" },
	{ 0x2090, "2f746d702f686f6c6400000000000000" },
	{ 0x3000, "4d474553020040000010000000000000" },
	{ 0x3010, "001000000000000001000000fc000000" },
	{ 0x3020, "10000000000000000000000000000000" },
	{ 0x3040, "00000000010001007611000000000000" },
	{ 0x3050, "00000000010001008a11000000000000" },
	{ 0x3060, "02000000010001004911000000000000" },
	{ 0x4000, "4d474553030080000010000000000000" },
	{ 0x4010, "0010000000000000010000001f000000" },
	{ 0x4020, "80000000010000000000000000000000" },
	{ 0x4080, "01000000000001005e01000000000000" },
	{ 0x4090, "03000000000000006400000000000000" },
	{ 0x40a0, "01000000000000005e01000000000000" },
	{ 0x40b0, "02000000020000000200000001000000" },
	{ 0x40c0, "64000000000000006400000000000000" },
	{ 0x40d0, "32000000000000000100000000000000" },
	{ 0x40e0, "01000000000000000100000000000000" },
	{ 0x4100, "03000000000001002c01000000000000" },
	{ 0x4110, "01000000000000002c01000000000000" },
	{ 0x4120, "01000000000000009001000000000000" },
	{ 0x4130, "02000000020000000200000002000000" },
	{ 0x4140, "2c010000000000002c01000000000000" },
	{ 0x4150, "2c010000000000000100000000000000" },
	{ 0x4160, "01000000000000000100000000000000" },
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static _Alignas(8) uint8_t bytes[END];

static void fill(void)
{
	memset(bytes, 0, sizeof(bytes));
	for (size_t i = 0; i < N_ROWS; i++) {
		for (size_t j = 0; j < 16; j++) {
			const char digits[3] = { rows[i].hex[2 * j], rows[i].hex[2 * j + 1], '\0' };
			bytes[rows[i].offset + j] = (uint8_t)strtoul(digits, NULL, 16);
		}
	}
}

/* ---- the page ------------------------------------------------------------------------------ */

/* A line of the page as a row: "00001000  4d 47 ...  words"; 32 digits to @hex_out. */
static uint32_t read_row(const char *line, char hex_out[33])
{
	char *at;
	uint32_t offset = (uint32_t)strtoul(line, &at, 16);
	size_t n = 0;
	for (; *at && n < 32; at++)
		if (*at != ' ')
			hex_out[n++] = *at;
	hex_out[n] = '\0';
	return offset;
}

static void check_page(const char *path)
{
	char line[256], hex[33];
	bool is_inside = false;
	size_t n = 0;
	FILE *page = fopen(path, "re");
	if (!mw_check(page != NULL, path, __FILE__, __LINE__))
		return;
	while (fgets(line, sizeof(line), page)) {
		if (strncmp(line, "```", 3) == 0) {
			is_inside = strcmp(line, "```hex\n") == 0;
		} else if (is_inside) {
			uint32_t offset = read_row(line, hex);
			CHECK_NUMBER(offset, n < N_ROWS ? rows[n].offset : END);
			CHECK_TEXT(hex, n < N_ROWS ? rows[n].hex : NULL);
			n++;
		}
	}
	CHECK_NUMBER(n, N_ROWS);
	fclose(page);
}

/* ---- what the reader says ------------------------------------------------------------------ */

static void parse(size_t n_bytes, struct mw_dump *dump_out)
{
	struct mw_diag diag = { "" };
	CHECK_NUMBER(mw_dump_parse((struct mw_span){ bytes, n_bytes }, "it", dump_out, &diag), 0);
	CHECK_TEXT(diag.text, "");
}

static struct mwd_control *control(void)
{
	return (struct mwd_control *)(bytes + CONTROL);
}

static struct mwd_image *image(void)
{
	return (struct mwd_image *)(bytes + IMAGE);
}

/* @number from 1 */
static struct mwd_record *record(unsigned number)
{
	return (struct mwd_record *)(bytes + RECORDS) + number;
}

static void check_module(const struct mw_dump *dump)
{
	struct mw_dump_log_cursor cursor = { 0 };
	struct mw_span entry;
	CHECK(mw_dump_next_log(dump, 0, &cursor, &entry));
	const struct mwd_log_module *module = (const struct mwd_log_module *)entry.bytes;
	CHECK_NUMBER(entry.n_bytes, 96);
	CHECK_NUMBER(module->entry.type, MWD_LOG_MODULE);
	CHECK_NUMBER(module->id, 1);
	CHECK_NUMBER(module->build_id_bytes, 20);
	CHECK_NUMBER(module->build_id[19], 0xd3);
	CHECK_NUMBER(module->end - module->bias, 0x5000);
	CHECK_TEXT(module->path, "/tmp/hold");
	CHECK(!mw_dump_next_log(dump, 0, &cursor, &entry));
}

static void check_node(
	const struct mw_dump *dump, uint32_t id, uint32_t parent, uint64_t value, uint32_t element)
{
	uint32_t segment, found_element;
	const struct mwd_node *node = mw_dump_find_node(dump, 0, id, &segment, &found_element);
	if (!CHECK(node != NULL))
		return;
	CHECK_NUMBER(found_element, element);
	CHECK_NUMBER(node->kind, MWD_NODE_NATIVE);
	CHECK_NUMBER(node->parent, parent);
	CHECK_NUMBER(node->module, 1);
	CHECK_NUMBER(node->value, value);
}

static void check_parts(void)
{
	struct mw_dump dump;
	parse(END, &dump);
	CHECK(!mw_dump_is_damaged(&dump));
	CHECK_NUMBER(dump.damage.torn_bytes + dump.damage.n_unknown_kinds, 0);
	CHECK_NUMBER(dump.images.n, 1);
	CHECK_NUMBER(dump.segments.n, 3);
	const struct mwd_image *head = dump.images.items[0].head;
	CHECK_NUMBER(head->pid, 4711);
	CHECK_NUMBER(head->end, MWD_END_EXIT);
	CHECK_NUMBER(head->end_ns - dump.control.start_monotonic_ns, 4000000);
	CHECK_TEXT(head->exe, "/tmp/hold");
	CHECK_TEXT(head->cmdline, "./hold");
	check_module(&dump);
	check_node(&dump, 1, 0, 0x1176, 0);
	check_node(&dump, 2, 0, 0x118a, 1);
	check_node(&dump, 3, 2, 0x1149, 2);
	CHECK_NUMBER(dump.segments.items[1].kind, MWD_SEGMENT_RECORDS);
	CHECK_NUMBER(dump.segments.items[1].n_elements, 31);
	mw_dump_deinit(&dump);
}

/* Bytes of both records at each peak, settled. */
static void check_peaks(int64_t process1, int64_t process2, int64_t tree1, int64_t tree2,
	int64_t rss1, int64_t rss2)
{
	struct mw_settle settle;
	mw_settle_init(&settle, control(), image());
	struct mw_sums one = mw_settle_record(&settle, record(1));
	struct mw_sums two = mw_settle_record(&settle, record(2));
	CHECK_NUMBER(one.peak_bytes[MWD_PEAK_PROCESS_HEAP], process1);
	CHECK_NUMBER(two.peak_bytes[MWD_PEAK_PROCESS_HEAP], process2);
	CHECK_NUMBER(one.peak_bytes[MWD_PEAK_TREE_HEAP], tree1);
	CHECK_NUMBER(two.peak_bytes[MWD_PEAK_TREE_HEAP], tree2);
	CHECK_NUMBER(one.peak_bytes[MWD_PEAK_TREE_RSS], rss1);
	CHECK_NUMBER(two.peak_bytes[MWD_PEAK_TREE_RSS], rss2);
	CHECK_NUMBER(mw_settle_process_peak(image(), MWD_CLASS_HEAP), process1 + process2);
}

/* One step further, one more malloc(500) at node 1, and killed: nothing but the current counters
 * and totals changed, the launcher settled the tree's total. */
static void check_killed(void)
{
	record(1)->allocated_bytes += 500;
	record(1)->allocated_blocks++;
	image()->total[MWD_CLASS_HEAP].live_bytes += 500;
	image()->end = MWD_END_KILLED;
	control()->heap_peak_bytes = 750;
	control()->heap_epoch = image()->end_epoch[MWD_PEAK_TREE_HEAP] = 3;
	check_peaks(750, 0, 750, 0, 50, 300);
	control()->heap_epoch = 4; /* set by somebody else, after our end */
	check_peaks(750, 0, 0, 0, 50, 300);
	fill();
}

/* ---- damage -------------------------------------------------------------------------------- */

static void check_cut(void)
{
	struct mw_dump dump;
	parse(RECORDS, &dump);
	CHECK_NUMBER(dump.damage.missing_bytes, END - RECORDS);
	CHECK_NUMBER(dump.segments.n, 2);
	mw_dump_deinit(&dump);
	parse(RECORDS + 2 * sizeof(struct mwd_record), &dump);
	CHECK_NUMBER(dump.damage.n_cut_segments, 1);
	CHECK_NUMBER(dump.segments.items[1].n_elements, 1);
	mw_dump_deinit(&dump);
}

static void check_headers(void)
{
	struct mw_dump dump;
	struct mwd_segment *nodes = (struct mwd_segment *)(bytes + NODES);
	nodes->magic = 0;
	parse(END, &dump);
	CHECK_NUMBER(dump.damage.torn_bytes, MWD_PAGE);
	CHECK(!mw_dump_is_damaged(&dump));
	CHECK(mw_dump_find_node(&dump, 0, 1, NULL, NULL) == NULL);
	mw_dump_deinit(&dump);
	fill();
	nodes->kind = 99;
	parse(END, &dump);
	CHECK_NUMBER(dump.damage.n_unknown_kinds, 1);
	CHECK_NUMBER(dump.segments.n, 2);
	mw_dump_deinit(&dump);
	fill();
	nodes->image = LOG;
	parse(END, &dump);
	CHECK_NUMBER(dump.damage.n_orphans, 1);
	mw_dump_deinit(&dump);
	fill();
}

static void check_refused(size_t n_bytes, const char *text)
{
	struct mw_dump dump;
	struct mw_diag diag = { "" };
	CHECK_NUMBER(
		mw_dump_parse((struct mw_span){ bytes, n_bytes }, "it", &dump, &diag), -EINVAL);
	CHECK_TEXT(diag.text, text);
	mw_dump_deinit(&dump);
	fill();
}

int main(int argc, char **argv)
{
	fill();
	check_page(argc > 1 ? argv[1] : "preload/FORMAT.md");
	check_parts();
	check_peaks(100, 300, 100, 300, 50, 300);
	check_killed();
	check_cut();
	check_headers();
	check_refused(100, "it: truncated: 100 bytes, the control page alone has 4096");
	control()->version = 2;
	check_refused(END, "it: dump format version 2, this program reads version 1");
	control()->version = __builtin_bswap32(MWD_VERSION);
	check_refused(END, "it: written on a machine of the other byte order");
	bytes[0] &= 0x7f; /* 7-bit transport */
	check_refused(END, "it: not a memwatch dump");
	return mw_check_tally("format/example");
}
