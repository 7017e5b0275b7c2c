/* SPDX: no licence chosen yet, see README */
/*
 * budget_output.c - a budget's outcome as text, as JUnit XML (the Ant task's format, as Jenkins and
 * GitLab read it) and as GitHub's workflow commands. See budget.h.
 */
#include "report/compare/budget.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "report/util/format.h"

#define NAME_BYTES 1400
#define MESSAGE_BYTES 1600

static const char *format_number(
	enum mw_ledger_value value, int64_t number, char out[static MW_FORMAT_BYTES])
{
	if (value != MW_LEDGER_COUNT)
		return mw_format_size(out, number);
	snprintf(out, MW_FORMAT_BYTES, "%" PRId64, number);
	return out;
}

/* "function parse peak" */
static const char *format_rule(const struct mw_budget_rule *rule, char out[static NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%s%s%s %s", mw_ledger_kind_names[rule->kind],
		*rule->pattern ? " " : "", rule->pattern, mw_ledger_value_names[rule->value]);
	return out;
}

/* "pool.c:12 grow: 12.0 MiB leaked, limit 10.0 MiB" */
static const char *format_breach(const struct mw_budget *budget, const struct mw_breach *breach,
	char out[static MESSAGE_BYTES])
{
	const struct mw_budget_rule *rule = &budget->rules.items[breach->rule_idx];
	const struct mw_match *match = breach->match;
	char found[MW_FORMAT_BYTES], limit[MW_FORMAT_BYTES], place[700] = "";
	if (match->kind == MW_LEDGER_LINE && match->line[MW_AFTER])
		snprintf(place, sizeof(place), "%s:%" PRIu32 " ", match->file,
			match->line[MW_AFTER]);
	snprintf(out, MESSAGE_BYTES, "%s %s%s%s%s %s, limit %s", mw_ledger_kind_names[match->kind],
		place, match->function, *match->function ? " " : "",
		format_number(rule->value, breach->found, found),
		mw_ledger_value_names[rule->value],
		format_number(rule->value, breach->limit, limit));
	mw_format_clean(out);
	return out;
}

void mw_budget_print(FILE *out, const struct mw_budget *budget)
{
	char text[MESSAGE_BYTES];
	for (size_t i = 0; i < budget->rules.n; i++) {
		const struct mw_budget_rule *rule = &budget->rules.items[i];
		if (rule->n_matched == 0)
			fprintf(out, "%s:%u: %s: matches nothing in this run\n", budget->name,
				rule->line, format_rule(rule, text));
	}
	for (size_t i = 0; i < budget->breaches.n; i++) {
		const struct mw_breach *breach = &budget->breaches.items[i];
		fprintf(out, "%s:%u: over budget: %s\n", budget->name,
			budget->rules.items[breach->rule_idx].line,
			format_breach(budget, breach, text));
	}
	fprintf(out, "%s: %zu rules, %zu breaches\n", budget->name, budget->rules.n,
		budget->breaches.n);
}

static void put_xml(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			putc(*text, out);
		}
	}
}

static void put_test_case(FILE *out, const struct mw_budget *budget, size_t rule_idx)
{
	char text[MESSAGE_BYTES];
	fputs("  <testcase classname=\"memory budget\" name=\"", out);
	put_xml(out, format_rule(&budget->rules.items[rule_idx], text));
	fputs("\">\n", out);
	for (size_t i = 0; i < budget->breaches.n; i++) {
		if (budget->breaches.items[i].rule_idx != rule_idx)
			continue;
		fputs("    <failure message=\"", out);
		put_xml(out, format_breach(budget, &budget->breaches.items[i], text));
		fputs("\"/>\n", out);
	}
	fputs("  </testcase>\n", out);
}

static size_t count_broken(const struct mw_budget *budget)
{
	size_t n = 0;
	for (size_t i = 0; i < budget->breaches.n; i++)
		n += i == 0 ||
		     budget->breaches.items[i].rule_idx != budget->breaches.items[i - 1].rule_idx;
	return n;
}

int mw_budget_write_junit(FILE *out, const struct mw_budget *budget)
{
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuite name=\"memory budget\" tests=\"%zu\" failures=\"%zu\">\n",
		budget->rules.n, count_broken(budget));
	for (size_t i = 0; i < budget->rules.n; i++)
		put_test_case(out, budget, i);
	fputs("</testsuite>\n", out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

/* A workflow command's property and message: %, CR, LF (and : and , in properties) are escaped. */
static void put_escaped(FILE *out, const char *text, const char *also)
{
	for (; *text; text++) {
		if (strchr("%\r\n", *text) || strchr(also, *text))
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			putc(*text, out);
	}
}

/* GitHub wants paths from the checkout on, which is where it runs its steps. */
static const char *relative_path(const char *path)
{
	char directory[4096];
	size_t n = getcwd(directory, sizeof(directory)) ? strlen(directory) : 0;
	bool is_below = n && strncmp(path, directory, n) == 0 && path[n] == '/';
	return is_below ? path + n + 1 : path;
}

void mw_budget_print_annotations(FILE *out, const struct mw_budget *budget)
{
	char text[MESSAGE_BYTES];
	for (size_t i = 0; i < budget->breaches.n; i++) {
		const struct mw_match *match = budget->breaches.items[i].match;
		fputs("::error ", out);
		if (*match->path) {
			fputs("file=", out);
			put_escaped(out, relative_path(match->path), ":,");
			if (match->line[MW_AFTER])
				fprintf(out, ",line=%" PRIu32, match->line[MW_AFTER]);
			putc(',', out);
		}
		fputs("title=memory budget::", out);
		put_escaped(out, format_breach(budget, &budget->breaches.items[i], text), "");
		putc('\n', out);
	}
}
