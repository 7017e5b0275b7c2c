/* SPDX: no licence chosen yet, see README */
/* text.h - names and arguments are bytes, JSON is UTF-8. Hosted; pure. */
#pragma once

/**
 * mw_text_make_utf8() - a copy in which every byte that is not part of UTF-8 is U+FFFD
 * Return: to be freed by the caller; NULL without memory.
 */
char *mw_text_make_utf8(const char *text);
