/* SPDX: no licence chosen yet, see README */
/*
 * terminal.h - one line on the terminal of stderr that is rewritten in place: progress. Also in the
 * launcher.
 */
#pragma once

#include <stdbool.h>

/**
 * mw_terminal_is_ours() - stderr is a terminal, we are in its foreground, and nobody reads single
 * keys from it (an editor, a password)
 */
bool mw_terminal_is_ours(void);

/** mw_terminal_draw() - @text in the line's place, cut to the terminal's width; "" erases it. By
 * one write(), so that nobody's output comes between its parts. */
void mw_terminal_draw(const char *text);
