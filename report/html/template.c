/* SPDX: no licence chosen yet, see README */
/* template.c - the built page as bytes of this library: MW_HTML_PAGE is its path, from CMake. */
#include "report/html/parts.h"

#ifdef MW_HTML_PAGE
extern const char mw_html_page[], mw_html_page_end[];
__asm__(".pushsection .rodata\n"
	".globl mw_html_page, mw_html_page_end\n"
	"mw_html_page:\n"
	".incbin \"" MW_HTML_PAGE "\"\n"
	"mw_html_page_end:\n"
	".popsection\n");

const char *mw_html_template(size_t *n_bytes_out)
{
	*n_bytes_out = (size_t)(mw_html_page_end - mw_html_page);
	return mw_html_page;
}
#else
const char *mw_html_template(size_t *n_bytes_out)
{
	*n_bytes_out = 0;
	return NULL;
}
#endif
