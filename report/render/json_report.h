/* SPDX: no licence chosen yet, see README */
/*
 * json_report.h - the whole report as JSON; report/report.schema.json is its contract.
 */
#pragma once

#include <stdio.h>

#include "report/render/view.h"

/* Changes when a member is removed or changes its meaning; new members do not need it. */
#define MW_JSON_SCHEMA_VERSION 2

/** mw_json_report_render() - 0, -ENOMEM or -EIO. */
int mw_json_report_render(FILE *out, const struct mw_view *view);
