/* SPDX: no licence chosen yet, see README */
/*
 * missing_pages.c - see missing_pages.h. A dump is mapped, and its launcher cuts it at the end of
 * the run; a program may be rebuilt while its symbols are read. Nobody can lock a file against
 * that.
 */
#include "report/commands/missing_pages.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report/report.h"

static volatile unsigned n_missing;
static uintptr_t page_bytes;

unsigned mw_missing_pages(void)
{
	return n_missing;
}

/* BUS_ADRERR: a page behind the end of a mapped file. Other causes die as without us. */
static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	(void)context;
	void *page = (void *)((uintptr_t)info->si_addr & ~(page_bytes - 1));
	if (info->si_code != BUS_ADRERR ||
		mmap(page, page_bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	n_missing++;
}

void mw_report_survive_truncation(void)
{
	struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };
	page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
	sigaction(SIGBUS, &action, NULL);
}
