/*
 * journal_field - numbers in the fields of a journal's entry
 *
 * "_UID=105", "SYSLOG_PID=4711": fields that begin with "_" are the journal's
 * own words, the others are whoever's who wrote the entry.
 */
#ifndef TLSTALLY_MAILLOG_JOURNAL_FIELD_H
#define TLSTALLY_MAILLOG_JOURNAL_FIELD_H

#include <stddef.h>
#include <stdint.h>

/* Decimal digits alone, at most 18 of them; -1 for anything else. */
int64_t journal_field_number(const char *text, size_t len);

#endif
