/*
 * detail_text - the text members of a failure detail, one row each
 *
 * A detail has six texts that may be absent.  Reports, the API, folding and
 * the check of what may be sent all go through these rows, which stand in the
 * order of RFC 8460 section 4.4; failed-session-count stands after the first
 * DETAIL_TEXTS_OF_PEER of them.
 */
#ifndef TLSTALLY_SESSION_DETAIL_TEXT_H
#define TLSTALLY_SESSION_DETAIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "session/session.h"

enum { DETAIL_TEXTS_OF_PEER = 4, DETAIL_TEXTS = 6 };

struct detail_text {
	const char *rfc;       /* "sending-mta-ip" */
	const char *libtlsrpt; /* in an event: "s" */
	size_t offset;         /* in struct failure_detail */
	bool (*may_be_sent)(const char *text);
};

extern const struct detail_text detail_text_rows[DETAIL_TEXTS];

/* NULL: absent. */
const char *detail_text_get(const struct failure_detail *detail,
                            const struct detail_text *row);
void detail_text_set(struct failure_detail *detail,
                     const struct detail_text *row, const char *text);

/* Negative, 0 or positive as a stands before, with or after b: by result type,
 * then text by text, absent before any. */
int session_failure_compare(const struct failure_detail *a,
                            const struct failure_detail *b);

/* The same for two texts, either of which may be NULL. */
int detail_text_compare(const char *a, const char *b);

/* Valid UTF-8, not empty, no control characters. */
bool detail_text_is_plain(const char *text);

/* A scheme and what RFC 3986 allows after it; no more is looked at. */
bool detail_text_is_uri(const char *text);

/* "3 1 1 AB12": a TLSA record as RFC 8460 section 4.5 wants it. */
bool detail_text_is_tlsa(const char *text);

#endif
