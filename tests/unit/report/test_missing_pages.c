/* SPDX: no licence chosen yet, see README */
/* test_missing_pages.c - a file that is truncated while it is mapped reads as zeros. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report/commands/missing_pages.h"
#include "report/report.h"
#include "tests/unit/check.h"

#define PAGE 4096

int main(void)
{
	char text[2 * PAGE];
	FILE *file = tmpfile();
	memset(text, 'x', sizeof(text));
	CHECK_NUMBER(fwrite(text, 1, sizeof(text), file), sizeof(text));
	fflush(file);
	volatile char *bytes = mmap(NULL, sizeof(text), PROT_READ, MAP_SHARED, fileno(file), 0);
	CHECK(bytes != MAP_FAILED);
	mw_report_survive_truncation();
	CHECK_NUMBER(bytes[PAGE], 'x');
	CHECK_NUMBER(mw_missing_pages(), 0);
	CHECK_NUMBER(ftruncate(fileno(file), PAGE), 0);
	CHECK_NUMBER(bytes[PAGE], 0);
	CHECK_NUMBER(bytes[2 * PAGE - 1], 0);
	CHECK_NUMBER(bytes[0], 'x');
	CHECK_NUMBER(mw_missing_pages(), 1);
	fclose(file);
	return mw_check_tally("report/missing_pages");
}
