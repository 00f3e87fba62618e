/*
 * jmap_client - a JMAP call (RFC 8620 section 3), whoever answers it
 *
 * The request is made here, once.  A client takes its bytes and gives
 * those of the response: this process, on the store (jmap_local.h), or any
 * server (jmap_remote.h).  What comes back is a stranger's in both cases.
 */
#ifndef TLSTALLY_CLIENT_JMAP_CLIENT_H
#define TLSTALLY_CLIENT_JMAP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "jmap/jmap_type.h"

struct jmap_client {
	/* ERR_UNCERTAIN: the answer to a change was lost. */
	int (*answer)(struct jmap_client *self, const struct strbuf *body,
	              bool changes, struct strbuf *out, struct err *err);
	void (*free)(struct jmap_client **self);
	unsigned capabilities;         /* what the session has; 0: unknown */
	char account[JMAP_ID_MAX + 1]; /* "": none need be named */
	size_t max_get, max_set;       /* objects of one call */
};

/* What is asked about: a type, or a view. */
struct jmap_noun {
	const char *name;
	unsigned capabilities; /* any of them has it */
};

/* For auto_(). */
void jmap_client_free(struct jmap_client **client);

/* Is it tlstally's own server, with all that it has over others? */
bool jmap_client_is_ours(const struct jmap_client *client);

/*
 * One method call, "tally:Domain" "get": 0 and the arguments of its response,
 * the caller's.  Takes args.  ERR_LIMIT: the server wants smaller calls;
 * ERR_PARSE: it answers what is no JMAP; otherwise by what went wrong, in
 * words.
 */
int jmap_client_call(struct jmap_client *client, const struct jmap_noun *noun,
                     const char *verb, json_t *args, json_t **response,
                     struct err *err);

/* An error of a method or of one object (RFC 8620 sections 3.6.2, 5.3) in
 * words: "invalidProperties: domain: not a string".  Safe for a terminal. */
int jmap_client_error_words(const json_t *error, struct err *err);

#endif
