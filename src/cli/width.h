/*
 * width - how many columns of a terminal a text takes
 *
 * Not its bytes and not its characters: a Chinese character, as in a U-label,
 * takes two, and an accent that is a character of its own none (wcwidth(3)).
 * Texts are UTF-8, whatever the locale is.
 */
#ifndef TLSTALLY_CLI_WIDTH_H
#define TLSTALLY_CLI_WIDTH_H

#include <stddef.h>

size_t width_of(const char *text, size_t len);

/* How many bytes of the text fit into so many columns: all of them, or those
 * before the last blank that fits, or as many characters as fit, but one at
 * least. */
size_t width_fit(const char *text, size_t columns);

/* COLUMNS, if that is set, or what the terminal says; 0 where the descriptor
 * is none, and where nobody knows. */
size_t width_of_terminal(int fd);

#endif
