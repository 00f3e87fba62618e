/*
 * value - one setting between its text and its member of struct conf
 *
 * value_write() writes what value_read() reads back to the same value.
 */
#ifndef TLSTALLY_CONF_VALUE_H
#define TLSTALLY_CONF_VALUE_H

#include "base/err.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "conf/settings.h"

/* Sets the member; a list gets the items added.  What was there stays when
 * the text is wrong (ERR_PARSE) or out of range (ERR_LIMIT); the words begin
 * with "[section] name: ". */
int value_read(const struct setting *row, const char *text, struct conf *conf,
               struct err *err);

/* Appends the member's text; of a list the items with ", " between. */
void value_write(const struct setting *row, const struct conf *conf,
                 struct strbuf *out);

/* Frees what the member owns and empties it. */
void value_clear(const struct setting *row, struct conf *conf);

/* A span of time as settings have it ("90s", "30d"), for the command line:
 * seconds, at least 1. */
int value_span(const char *text, int64_t *secs, struct err *err);

/* "30s" of "30", which is still read but has no unit, the caller's to free;
 * NULL for all other texts, and for "0". */
char *value_span_today(const char *text);

void value_clear_list(void *list);

/* Takes the text, which is the list's from then on. */
void value_list_add(struct conf_list *list, char *text);

/* The list itself, for printing it an item a line. */
const struct conf_list *value_list(const struct setting *row,
                                   const struct conf *conf);

#endif
