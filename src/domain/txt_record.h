/*
 * txt_record - what the TXT records of TLSRPT and of MTA-STS have in common
 *
 * "v=STSv1; id=20160831085700Z;"
 * "v=TLSRPTv1; rua=mailto:tls@example.com"
 *
 * RFC 8460 section 3 and RFC 8461 section 3.1 use one grammar: the version,
 * then fields "name=value" in any order, ";" with or without white space
 * between them and perhaps at the end.  Several such records, or a malformed
 * one, count as none.
 *
 *     rc = txt_record_begin(&record, &sts_kind, text, len, err);
 *     while (rc == 0 && (rc = txt_record_next(&record, &field)) == 1)
 *             rc = span_is(field.name, "id") ? take_id(...)
 *                                            : txt_field_check(...);
 */
#ifndef TLSTALLY_DOMAIN_TXT_RECORD_H
#define TLSTALLY_DOMAIN_TXT_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

struct txt_record_kind {
	const char *name;    /* "TLSRPT record": begins every error */
	const char *version; /* "v=TLSRPTv1" */
};

/* May this TXT record be one at all: does it begin with the version, white
 * space or not, and ";"?  (Others are discarded before counting.  The text of
 * both RFCs wants "v=STSv1;", their grammar allows white space: erratum 6285
 * of RFC 8461.) */
bool txt_record_is_candidate(const struct txt_record_kind *kind,
                             const char *text, size_t len);

/* Which of several TXT records counts: exactly one candidate, or none at all.
 * 1 and *which, 0: no candidate, ERR_PARSE: several. */
int txt_record_choose(const struct txt_record_kind *kind,
                      const char *const *texts, const size_t *lens,
                      size_t count, size_t *which, struct err *err);

struct txt_record {
	const struct txt_record_kind *kind;
	const char *text;
	struct span rest;
	bool more; /* a ";" was seen */
	struct err *err;
};

struct txt_field {
	struct span whole; /* "name=value", for errors */
	struct span name;
	struct span value; /* no white space at its end; may be empty */
};

/* ERR_PARSE when it is no candidate. */
int txt_record_begin(struct txt_record *record,
                     const struct txt_record_kind *kind, const char *text,
                     size_t len, struct err *err);

/* 1 and the next field, 0 at the end, ERR_PARSE.  The value is not looked at:
 * for a field of an unknown name that is txt_field_check()'s. */
int txt_record_next(struct txt_record *record, struct txt_field *field);

/* May the value of an unknown field stand there?  0 or ERR_PARSE. */
int txt_field_check(const struct txt_record *record,
                    const struct txt_field *field);

/* A field's name: a letter or digit, then up to 31 of letters, digits, "_",
 * "-", "."; a policy file's keys are such, too. */
bool txt_name_is_good(struct span name);

/* ERR_PARSE: "TLSRPT record: no value in 'test=' at byte 41" */
int txt_record_refuse(const struct txt_record *record, const char *what,
                      struct span part);

#endif
