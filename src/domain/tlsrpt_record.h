/*
 * tlsrpt_record - the TXT record in which a domain asks for reports
 *
 * "v=TLSRPTv1; rua=mailto:tls@example.com,https://example.com/v1/tls"
 *
 * Parsing is pure: no DNS, no logging.  Unknown fields are skipped, as
 * RFC 8460 section 3 asks; several rua fields are merged; identical URIs
 * count once; at most 16 URIs are taken.
 *
 * What breaks the grammar of the fields spoils the whole record: an empty
 * field, a field without a value, a character that no value has.  The list of a
 * rua is another matter: real ones have a comma too many, a bare address,
 * "http:", a raw
 * "!", and a domain that wants reports at one place shall get them there.  So
 * what cannot be used is left out alone, and why is kept in words.
 */
#ifndef TLSTALLY_DOMAIN_TLSRPT_RECORD_H
#define TLSTALLY_DOMAIN_TLSRPT_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "domain/rua.h"

/* Stands for the record of a domain that has several: no record begins so, and
 * tlsrpt_record_parse() refuses it in words of its own. */
#define TLSRPT_SEVERAL "(more than one TLSRPT record)"

enum { TLSRPT_RECORD_MAX = 4096, TLSRPT_RUA_MAX = 16, TLSRPT_NOTES_MAX = 16 };

struct tlsrpt_record {
	struct rua *ruas; /* TLSRPT_RUA_MAX of them, allocated */
	size_t rua_count;
	size_t rua_fields; /* where one is usual; their URIs are merged */
	char notes[TLSRPT_NOTES_MAX][160]; /* URIs that were left out, why */
	size_t note_count;
};

/* May this TXT record be a TLSRPT record at all: does it begin with
 * "v=TLSRPTv1", white space or not, and ";"?  (RFC 8460 section 3: records
 * that do not are discarded before counting.) */
bool tlsrpt_record_is_candidate(const char *text, size_t len);

/* Parses one record.  ERR_PARSE for a malformed one (the whole record counts
 * for nothing), ERR_LIMIT for one over 4096 bytes, in words; 0 also when no
 * URI of it can be used: then rua_count is 0 and the notes say why.  After a
 * failure there is nothing to clear. */
int tlsrpt_record_parse(const char *text, size_t len,
                        struct tlsrpt_record *record, struct err *err);

/* Which of several TXT records counts: exactly one candidate, or none at all
 * (RFC 8460 section 3).  1 and *which, 0: no candidate, ERR_PARSE: several. */
int tlsrpt_record_choose(const char *const *texts, const size_t *lens,
                         size_t count, size_t *which, struct err *err);

void tlsrpt_record_clear(struct tlsrpt_record *record);

#endif
