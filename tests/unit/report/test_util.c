/* SPDX: no licence chosen yet, see README */
/*
 * test_util.c - report/util: numbers and names as people read them, interning, JSON text.
 */
#include <errno.h>

#include "report/util/format.h"
#include "report/util/json.h"
#include "report/util/size.h"
#include "report/util/strings.h"
#include "tests/unit/check.h"

static void sizes_are_powers_of_1024_with_one_decimal(void)
{
	char out[MW_FORMAT_BYTES];
	CHECK_TEXT(mw_format_size(out, 0), "0 B");
	CHECK_TEXT(mw_format_size(out, 1023), "1023 B");
	CHECK_TEXT(mw_format_size(out, 1024), "1.0 KiB");
	CHECK_TEXT(mw_format_size(out, 1024 * 1024 - 1), "1.0 MiB");
	CHECK_TEXT(mw_format_size(out, 327783383), "312.6 MiB");
	CHECK_TEXT(mw_format_size(out, -1536), "-1.5 KiB");
	CHECK_TEXT(mw_format_size(out, INT64_MIN), "-8.0 EiB");
}

static void durations(void)
{
	char out[MW_FORMAT_BYTES];
	CHECK_TEXT(mw_format_duration(out, 0.0421), "0.042 s");
	CHECK_TEXT(mw_format_duration(out, 59.96), "60.0 s");
	CHECK_TEXT(mw_format_duration(out, 3661), "1:01:01");
	CHECK_TEXT(mw_format_duration(out, -1), "?");
	CHECK_TEXT(mw_format_duration(out, 0.0 / 0.0), "?");
}

static void names_never_get_wider_than_their_room(void)
{
	static const char *const names[] = { "", "a", "/", "//", "/usr/include/c++/12/vector.tcc:1",
		"x86_64-linux-gnu-ld.bfd", "/a/b/c/d/e/f/g", "a/very/relative/path.c:12",
		"\xc3\xa4\xc3\xb6\xc3\xbc/\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc.c",
		"/trailing/slash/" };
	char out[256];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t room = 0; room < 45; room++) {
			size_t n = mw_format_columns(names[i]);
			size_t most = n < room ? n : room;
			CHECK(mw_format_columns(mw_format_ellipsize(
				      names[i], room, out, sizeof(out))) <= most);
			CHECK(mw_format_columns(mw_format_cut(names[i], room, out, sizeof(out))) <=
				most);
			CHECK(mw_format_columns(mw_format_path(names[i], room, out, sizeof(out))) <=
				most);
		}
	}
}

static void paths_keep_their_end(void)
{
	char out[64];
	const char *path = "/usr/include/c++/12/bits/vector.tcc:459";
	CHECK_TEXT(mw_format_path(path, 39, out, sizeof(out)), path);
	CHECK_TEXT(mw_format_path(path, 30, out, sizeof(out)), "/usr/.../bits/vector.tcc:459");
	CHECK_TEXT(mw_format_path(path, 20, out, sizeof(out)), ".../vector.tcc:459");
	CHECK_TEXT(mw_format_path(path, 12, out, sizeof(out)), "vec...cc:459");
	CHECK_TEXT(mw_format_cut("cc1plus -quiet", 10, out, sizeof(out)), "cc1plus...");
}

static int64_t parsed(const char *text)
{
	int64_t bytes = -1;
	int error = mw_size_parse(text, &bytes);
	return error ? error : bytes;
}

static void sizes_are_read_as_they_are_printed(void)
{
	CHECK_NUMBER(parsed("0"), 0);
	CHECK_NUMBER(parsed("4096"), 4096);
	CHECK_NUMBER(parsed("4096B"), 4096);
	CHECK_NUMBER(parsed("512K"), 512 << 10);
	CHECK_NUMBER(parsed("1.5GiB"), 3ll << 29);
	CHECK_NUMBER(parsed("64mb"), 64 << 20);
	CHECK_NUMBER(parsed("0.1K"), 102);
	CHECK_NUMBER(parsed("1024T"), 1ll << 50);
	CHECK_NUMBER(parsed("1024.1T"), -ERANGE);
	CHECK_NUMBER(parsed("99999999999999999999999"), -ERANGE);
	static const char *const bad[] = { "", "K", "-1", "+1", " 1", "1 K", "1KBi", "1i", "1P",
		"0x10", "1e3", "1.", ".5", "1.5.5", "inf", "nan" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_NUMBER(parsed(bad[i]), -EINVAL);
}

static void nothing_can_move_a_terminals_cursor(void)
{
	char text[] = "a\033[2Jb\nc\177";
	mw_format_clean(text);
	CHECK_TEXT(text, "a?[2Jb?c?");
}

static void equal_text_has_one_id(void)
{
	struct mw_strings strings = { 0 };
	uint32_t first, id;
	char text[16];
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 1000; i++) {
			snprintf(text, sizeof(text), "name %u", i);
			CHECK_NUMBER(mw_strings_intern(&strings, text, strlen(text), &id), 0);
			CHECK_NUMBER(id, i + 1);
		}
	}
	CHECK_NUMBER(mw_strings_intern(&strings, "name 77 and more", 7, &first), 0);
	CHECK_TEXT(mw_strings_get(&strings, first), "name 77");
	CHECK_NUMBER(mw_strings_intern(&strings, NULL, 0, &id), 0);
	CHECK_NUMBER(id, 0);
	CHECK(mw_strings_get(&strings, 0) == NULL && mw_strings_get(&strings, 99999) == NULL);
	mw_strings_deinit(&strings);
}

static void json_text_is_utf8_and_escaped(void)
{
	char *bytes = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&bytes, &n);
	struct mw_json_writer writer = { .out = out };
	mw_json_open_array(&writer, NULL);
	mw_json_open_array(&writer, NULL);
	mw_json_open_array(&writer, NULL);
	mw_json_put_text(&writer, NULL, "a\"\\\n\x01");
	mw_json_put_text(&writer, NULL, "\xc3\xa4\xff\xe2\x82");
	mw_json_put_text(&writer, NULL, "\xed\xa0\x80");
	mw_json_put_text(&writer, NULL, NULL);
	mw_json_put_int(&writer, NULL, INT64_MIN);
	mw_json_put_real(&writer, NULL, 0.0 / 0.0);
	for (int i = 0; i < 3; i++)
		mw_json_close(&writer);
	fclose(out);
	CHECK(!writer.has_failed);
	CHECK_TEXT(bytes,
		"[\n  [\n    "
		"[\"a\\\"\\\\\\n\\u0001\",\"\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","
		"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",null,-9223372036854775808,null]\n  "
		"]\n]\n");
	free(bytes);
}

int main(void)
{
	sizes_are_powers_of_1024_with_one_decimal();
	sizes_are_read_as_they_are_printed();
	durations();
	names_never_get_wider_than_their_room();
	paths_keep_their_end();
	nothing_can_move_a_terminals_cursor();
	equal_text_has_one_id();
	json_text_is_utf8_and_escaped();
	return mw_check_tally("report/util");
}
