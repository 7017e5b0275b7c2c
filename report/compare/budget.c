/* SPDX: no licence chosen yet, see README */
/*
 * budget.c - a budget file's rules, and which rows break them. See budget.h.
 */
#include "report/compare/budget.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/util/size.h"

#define MAX_WORDS 5

/* Splits a line in place. Return: how many words, -1 = a quote is not closed, -2 = too many. */
static int split_words(char *line, char *words[static MAX_WORDS])
{
	int n = 0;
	for (char *at = line; *at;) {
		if (isspace((unsigned char)*at)) {
			at++;
			continue;
		}
		if (*at == '#')
			break;
		if (n == MAX_WORDS)
			return -2;
		bool is_quoted = *at == '"';
		words[n++] = at += is_quoted;
		at += is_quoted ? strcspn(at, "\"") : strcspn(at, " \t\r");
		if (is_quoted && !*at)
			return -1;
		if (*at)
			*at++ = '\0';
	}
	return n;
}

static bool find_name(const char *const *names, size_t n, const char *word, unsigned *out)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], word) == 0) {
			*out = (unsigned)i;
			return true;
		}
	}
	return false;
}

static bool parse_limit(const char *word, struct mw_budget_rule *rule)
{
	rule->is_relative = word[0] == '+';
	const char *number = word + rule->is_relative;
	char *end;
	rule->percent = strtod(number, &end);
	rule->is_percent = isdigit((unsigned char)*number) && strcmp(end, "%") == 0;
	if (rule->is_percent)
		return rule->is_relative && rule->percent <= 1e9;
	return mw_size_parse(number, &rule->limit) == 0;
}

static const char *parse_rule(struct mw_budget_rule *rule, int n, char *words[static MAX_WORDS])
{
	unsigned kind = 0, value = 0;
	if (!find_name(mw_ledger_kind_names, MW_LEDGER_N_KINDS, words[0], &kind))
		return "begin with tree, process, function, line or task";
	int n_names = kind != MW_LEDGER_TREE;
	if (n != 3 + n_names)
		return n_names ? "give KIND NAME VALUE LIMIT" : "give tree VALUE LIMIT";
	if (!find_name(mw_ledger_value_names, MW_LEDGER_N_VALUES, words[1 + n_names], &value))
		return "the value is at-peak, peak, leaked, total, count or rss";
	if (!parse_limit(words[2 + n_names], rule))
		return "the limit is a size like 64M, or +64M or +10% over the baseline";
	rule->kind = kind;
	rule->value = value;
	rule->pattern = n_names ? words[1] : "";
	bool has_value = value == MW_LEDGER_PEAK ? kind != MW_LEDGER_LINE
			 : value == MW_LEDGER_RSS
				 ? kind <= MW_LEDGER_PROCESS || kind == MW_LEDGER_TASK
				 : true;
	return has_value ? NULL : "this kind has no such value";
}

int mw_budget_parse(struct mw_budget *budget, const char *name, char *text, struct mw_diag *diag)
{
	unsigned line = 0;
	memset(budget, 0, sizeof(*budget));
	budget->text = text;
	budget->name = name;
	for (char *at = text, *next; *at; at = next) {
		size_t n_bytes = strcspn(at, "\n");
		char *words[MAX_WORDS];
		next = at + n_bytes + (at[n_bytes] != '\0');
		at[n_bytes] = '\0';
		line++;
		int n = split_words(at, words);
		if (n == 0)
			continue;
		struct mw_budget_rule *rule = mw_array_push(&budget->rules);
		if (!rule)
			return -ENOMEM;
		rule->line = line;
		const char *problem = n == -1	? "a quote is not closed"
				      : n == -2 ? "too many words"
						: parse_rule(rule, n, words);
		if (problem) {
			mw_diag_set(diag, "%s:%u: %s", name, line, problem);
			return -EINVAL;
		}
	}
	return 0;
}

bool mw_budget_needs_baseline(const struct mw_budget *budget)
{
	for (size_t i = 0; i < budget->rules.n; i++)
		if (budget->rules.items[i].is_relative)
			return true;
	return false;
}

/* A function can be a task, too. */
static bool is_of_kind(const struct mw_budget_rule *rule, const struct mw_match *match)
{
	return match->kind == rule->kind ||
	       (rule->kind == MW_LEDGER_TASK && match->kind == MW_LEDGER_FUNCTION);
}

/* A line's rule names FILE:FUNCTION or FILE:LINE; the others a name. */
static bool is_named(const struct mw_budget_rule *rule, const struct mw_match *match)
{
	char name[1200];
	if (rule->kind == MW_LEDGER_TREE)
		return true;
	if (rule->kind != MW_LEDGER_LINE)
		return fnmatch(rule->pattern, match->function, 0) == 0;
	const char *base = *match->file ? match->file : match->module;
	snprintf(name, sizeof(name), "%s:%s", base, match->function);
	if (fnmatch(rule->pattern, name, 0) == 0)
		return true;
	snprintf(name, sizeof(name), "%s:%" PRIu32, base, match->line[MW_AFTER]);
	return fnmatch(rule->pattern, name, 0) == 0;
}

static int64_t limit_of(const struct mw_budget_rule *rule, const struct mw_match *match)
{
	int64_t before = match->values[MW_BEFORE][rule->value];
	if (!rule->is_relative)
		return rule->limit;
	if (before == MW_LEDGER_UNKNOWN)
		before = 0;
	return rule->is_percent ? (int64_t)((double)before * (1 + rule->percent / 100))
				: mw_plus(before, rule->limit);
}

static int check_rule(struct mw_budget *budget, size_t rule_idx, const struct mw_matches *matches)
{
	struct mw_budget_rule *rule = &budget->rules.items[rule_idx];
	for (size_t i = 0; i < matches->items.n; i++) {
		const struct mw_match *match = &matches->items.items[i];
		int64_t found = match->values[MW_AFTER][rule->value];
		if (!is_of_kind(rule, match) || !is_named(rule, match))
			continue;
		rule->n_matched++;
		int64_t limit = limit_of(rule, match);
		if (found == MW_LEDGER_UNKNOWN || found <= limit)
			continue;
		struct mw_breach *breach = mw_array_push(&budget->breaches);
		if (!breach)
			return -ENOMEM;
		*breach = (struct mw_breach){ rule_idx, match, limit, found };
	}
	return 0;
}

int mw_budget_check(struct mw_budget *budget, const struct mw_matches *matches)
{
	int error = 0;
	for (size_t i = 0; !error && i < budget->rules.n; i++)
		error = check_rule(budget, i, matches);
	return error;
}

void mw_budget_deinit(struct mw_budget *budget)
{
	free(budget->text);
	mw_array_deinit(&budget->rules);
	mw_array_deinit(&budget->breaches);
}
