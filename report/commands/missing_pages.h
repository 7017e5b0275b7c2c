/* SPDX: no licence chosen yet, see README */
/*
 * missing_pages.h - mapped files that somebody truncates while we read them. The kernel answers
 * such a read with SIGBUS; here it finds zeros, and the report says so.
 */
#pragma once

/** mw_missing_pages() - how many pages have been taken as zeros so far. */
unsigned mw_missing_pages(void);
