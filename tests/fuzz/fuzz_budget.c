/* SPDX: no licence chosen yet, see README */
/*
 * fuzz_budget.c - any bytes as a budget file and, behind a byte 1, as the baseline of a run that is
 * checked against it: refused with a line, or a verdict in every form.
 */
#include <stdlib.h>
#include <string.h>

#include "report/compare/budget.h"
#include "report/compare/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static char *copy_text(const uint8_t *bytes, size_t n_bytes)
{
	char *text = malloc(n_bytes + 1); /* as mw_file_read(): a NUL behind */
	memcpy(text, bytes, n_bytes);
	text[n_bytes] = '\0';
	return text;
}

static void judge(struct mw_budget *budget, const struct mw_matches *matches)
{
	FILE *out = fopen("/dev/null", "we");
	if (mw_budget_check(budget, matches) != 0)
		abort();
	for (size_t i = 0; i < budget->breaches.n; i++)
		if (budget->breaches.items[i].rule_idx >= budget->rules.n)
			abort();
	mw_budget_print(out, budget);
	if (mw_budget_write_junit(out, budget) != 0)
		abort();
	mw_budget_print_annotations(out, budget);
	fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	const uint8_t *end = memchr(bytes, 1, n_bytes);
	size_t n_budget = end ? (size_t)(end - bytes) : n_bytes;
	size_t n_ledger = end ? n_bytes - n_budget - 1 : 0;
	struct mw_budget budget = { 0 };
	struct mw_ledger ledgers[2] = { 0 };
	struct mw_matches matches = { 0 };
	struct mw_diag diag = { "" };
	int error = mw_budget_parse(&budget, "budget", copy_text(bytes, n_budget), &diag);
	if ((error != 0) != (diag.text[0] != '\0'))
		abort();
	char *text = copy_text(end ? end + 1 : bytes, n_ledger);
	bool has_run =
		n_ledger && mw_ledger_read(&ledgers[1], "baseline", text, n_ledger, &diag) == 0;
	if (!error && has_run) {
		if (mw_match_ledgers(&matches, &ledgers[0], &ledgers[1]) != 0)
			abort();
		judge(&budget, &matches);
	}
	mw_matches_deinit(&matches);
	mw_ledger_deinit(&ledgers[0]);
	mw_ledger_deinit(&ledgers[1]);
	mw_budget_deinit(&budget);
	free(text);
	return 0;
}
