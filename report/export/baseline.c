/* SPDX: no licence chosen yet, see README */
/*
 * baseline.c - the ledger of a run, for memwatch-report diff. See compare/ledger.h.
 */
#include "report/compare/ledger.h"
#include "report/export/export.h"

int mw_export_baseline(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options)
{
	struct mw_ledger ledger;
	(void)options;
	int error = mw_ledger_build(&ledger, view);
	if (!error)
		error = mw_ledger_write(out, &ledger);
	mw_ledger_deinit(&ledger);
	return error;
}
