/* SPDX: no licence chosen yet, see README */
/*
 * baseline.c - a ledger as a file: small JSON that stands in a repository or a CI cache and needs
 * neither the run directory nor the programs any more. report/README.md lists its members.
 */
#include "report/compare/ledger.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define FORMAT_NAME "memwatch-baseline"
#define FORMAT_VERSION 1

static void put_name(struct mw_json_writer *writer, const char *key, const struct mw_ledger *ledger,
	uint32_t string_id)
{
	if (string_id)
		mw_json_put_text(writer, key, mw_ledger_text(ledger, string_id));
}

static void put_row(struct mw_json_writer *writer, const struct mw_ledger *ledger,
	const struct mw_ledger_row *row)
{
	mw_json_open_object(writer, NULL);
	put_name(writer, "module", ledger, row->module);
	put_name(writer, "name", ledger, row->function);
	put_name(writer, "file", ledger, row->file);
	if (row->line)
		mw_json_put_int(writer, "line", row->line);
	put_name(writer, "text", ledger, row->text);
	put_name(writer, "build_id", ledger, row->build_id);
	for (size_t i = 0; i < MW_LEDGER_N_VALUES; i++)
		if (row->values[i] != MW_LEDGER_UNKNOWN)
			mw_json_put_int(writer, mw_ledger_value_names[i], row->values[i]);
	mw_json_close(writer);
}

int mw_ledger_write(FILE *out, const struct mw_ledger *ledger)
{
	struct mw_json_writer writer = { .out = out };
	mw_json_open_object(&writer, NULL);
	mw_json_put_text(&writer, "format", FORMAT_NAME);
	mw_json_put_int(&writer, "version", FORMAT_VERSION);
	put_name(&writer, "command", ledger, ledger->command);
	for (enum mw_ledger_kind kind = 0; kind < MW_LEDGER_N_KINDS; kind++) {
		mw_json_open_array(&writer, mw_ledger_kind_names[kind]);
		for (size_t i = 0; i < ledger->rows.n; i++)
			if (ledger->rows.items[i].kind == kind)
				put_row(&writer, ledger, &ledger->rows.items[i]);
		mw_json_close(&writer);
	}
	mw_json_close(&writer);
	putc('\n', out);
	return writer.has_failed || ferror(out) ? -EIO : 0;
}

/* 2^53: what a JSON number holds exactly; nobody has 8 PiB. */
static bool read_integer(const struct mw_json *row, const char *key, int64_t *out)
{
	double number;
	if (!mw_json_number(mw_json_member(row, key), &number) || !(fabs(number) <= 0x1p53))
		return false;
	*out = (int64_t)number;
	return true;
}

static int read_name(
	struct mw_ledger *ledger, const struct mw_json *row, const char *key, uint32_t *out)
{
	const char *text = mw_json_text(mw_json_member(row, key));
	return text && *text ? mw_strings_intern(&ledger->strings, text, strlen(text), out) : 0;
}

static int read_row(struct mw_ledger *ledger, enum mw_ledger_kind kind, const struct mw_json *from)
{
	struct mw_ledger_row *row = mw_array_push(&ledger->rows);
	int64_t line = 0;
	if (!row || read_name(ledger, from, "module", &row->module) ||
		read_name(ledger, from, "name", &row->function) ||
		read_name(ledger, from, "file", &row->file) ||
		read_name(ledger, from, "text", &row->text) ||
		read_name(ledger, from, "build_id", &row->build_id))
		return -ENOMEM;
	row->kind = kind;
	if (read_integer(from, "line", &line) && line > 0 && line <= UINT32_MAX)
		row->line = (uint32_t)line;
	for (size_t i = 0; i < MW_LEDGER_N_VALUES; i++)
		if (!read_integer(from, mw_ledger_value_names[i], &row->values[i]))
			row->values[i] = MW_LEDGER_UNKNOWN;
	return 0;
}

static int read_rows(struct mw_ledger *ledger, const struct mw_json *document)
{
	int error = read_name(ledger, document, "command", &ledger->command);
	for (enum mw_ledger_kind kind = 0; kind < MW_LEDGER_N_KINDS; kind++) {
		const struct mw_json *list = mw_json_member(document, mw_ledger_kind_names[kind]);
		const struct mw_json *row = mw_json_first(list);
		for (; !error && row; row = mw_json_next(row))
			error = read_row(ledger, kind, row);
	}
	return error;
}

int mw_ledger_read(struct mw_ledger *ledger, const char *name, const char *text, size_t n_bytes,
	struct mw_diag *diag)
{
	int error = 0;
	struct mw_json *document = mw_json_parse(text, n_bytes, &error);
	const char *format = mw_json_text(mw_json_member(document, "format"));
	double version = 0;
	memset(ledger, 0, sizeof(*ledger));
	if (error == -ENOMEM) {
		mw_diag_set(diag, "%s: out of memory", name);
	} else if (!format || strcmp(format, FORMAT_NAME) != 0) {
		mw_diag_set(
			diag, "%s: not a baseline file (memwatch-report --export baseline)", name);
		error = -EINVAL;
	} else if (!mw_json_number(mw_json_member(document, "version"), &version) ||
		   version != FORMAT_VERSION) {
		mw_diag_set(diag, "%s: baseline of version %g; this is version %d", name, version,
			FORMAT_VERSION);
		error = -EINVAL;
	} else {
		error = read_rows(ledger, document);
		if (error)
			mw_diag_set(diag, "%s: out of memory", name);
	}
	mw_json_destroy(document);
	return error;
}
