/*
 * vocabulary - the words of one enum, and how they are looked up
 *
 * What a domain's day came to is 2 in the store, "noRecord" in JSON and in
 * filters, "without a TLSRPT record" behind a number and "no TLSRPT record was
 * seen" in the manual.  One row holds all of them; words/words.h lists the
 * vocabularies.
 */
#ifndef TLSTALLY_WORDS_VOCABULARY_H
#define TLSTALLY_WORDS_VOCABULARY_H

#include <stdint.h>

struct strbuf;

struct word {
	const char *api;      /* in JSON and on the command line */
	const char *label;    /* for people, short; NULL: the API's word */
	const char *sentence; /* what it means, without capital and full stop,
	                         for it stands alone and behind a colon; NULL */
	const char *tone;     /* good, warn, bad, wait or quiet: its colour on
	                         the page; NULL */
	const char *rfc;      /* in a report (RFC 8460); NULL */
	int64_t libtlsrpt;    /* in an event (tlsrpt.h); 0: it has none */
};

struct vocabulary {
	const char *name;
	const struct word *words; /* the index is the enum's, and the store's */
	int count;
	/* Read for a number from outside the table; -1: "unknown". */
	int other;
};

/* The words of a number.  Never NULL, but for a sentence that is not there. */
const char *word_api(const struct vocabulary *in, int number);
const char *word_label(const struct vocabulary *in, int number);
const char *word_sentence(const struct vocabulary *in, int number);
const char *word_rfc(const struct vocabulary *in, int number);

/* The number of one of the API's words, -1 when it is none of them. */
int word_find(const struct vocabulary *in, const char *text);
/* The same, and also with dashes, as filters had them first: "no-record". */
int word_find_dashed(const struct vocabulary *in, const char *text);
int word_find_rfc(const struct vocabulary *in, const char *text);
int word_find_libtlsrpt(const struct vocabulary *in, int64_t number);

/* The numbers in the order for people: "other" comes last. */
int word_at(const struct vocabulary *in, int place);

/* "held, pending, sending": what can be given, for an error. */
void word_list(const struct vocabulary *in, struct strbuf *out);

#endif
