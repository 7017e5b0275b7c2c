/* SPDX: no licence chosen yet, see README */
/* regex.c - the only file that includes PCRE2. See regex.h. */
#include "report/util/regex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct mw_regex {
	pcre2_code *code;	  /* owned */
	pcre2_match_data *result; /* owned; scratch of a search */
};

/* As Rust's regex has it: classes know Unicode, texts may be any bytes. */
#define OPTIONS (PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF)

struct mw_regex *mw_regex_create(const char *pattern, struct mw_diag *diag)
{
	int error = 0;
	PCRE2_SIZE at = 0;
	pcre2_code *code = pcre2_compile(
		(PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, OPTIONS, &error, &at, NULL);
	if (!code) {
		char reason[200];
		pcre2_get_error_message(error, (PCRE2_UCHAR *)reason, sizeof(reason));
		mw_diag_set(diag, "%s (at %zu)", reason, (size_t)at);
		return NULL;
	}
	struct mw_regex *regex = calloc(1, sizeof(*regex));
	pcre2_match_data *result = pcre2_match_data_create(1, NULL);
	if (!regex || !result) {
		mw_diag_set(diag, "out of memory");
		pcre2_match_data_free(result);
		pcre2_code_free(code);
		free(regex);
		return NULL;
	}
	*regex = (struct mw_regex){ code, result };
	return regex;
}

struct mw_regex *mw_regex_destroy(struct mw_regex *regex)
{
	if (regex) {
		pcre2_match_data_free(regex->result);
		pcre2_code_free(regex->code);
	}
	free(regex);
	return NULL;
}

int mw_regex_search(const struct mw_regex *regex, const char *text)
{
	int result =
		pcre2_match(regex->code, (PCRE2_SPTR)text, strlen(text), 0, 0, regex->result, NULL);
	if (result == PCRE2_ERROR_NOMATCH)
		return 0;
	return result < 0 ? -E2BIG : 1;
}
