/*
 * jmap_request - the body of a JMAP request (RFC 8620 section 3.3)
 *
 *     {"using":["urn:ietf:params:jmap:core"],
 *      "methodCalls":[["Core/echo",{"hello":true},"c1"]],
 *      "createdIds":{}}
 *
 * Bytes become calls in their order, or a problem of the request as a whole
 * (section 3.6.1).  What is not I-JSON (RFC 7493) is not JSON here: duplicate
 * members, invalid UTF-8, surrogates, noncharacters.  A text with U+0000 and
 * a number that fits no 64 bits are (base/json_lax.h): they are for who reads
 * that argument to refuse.  Unknown members are ignored, as the RFC asks;
 * unlike it, capabilities that are registered and not ours are, too.
 */
#ifndef TLSTALLY_API_JMAP_REQUEST_H
#define TLSTALLY_API_JMAP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define JMAP_CORE "urn:ietf:params:jmap:core"
#define JMAP_STALWART "urn:stalwart:jmap"
#define JMAP_TLSTALLY "urn:tlstally:jmap"

/* One bit each, in `using`. */
enum jmap_capability {
	CAPABILITY_CORE = 1 << 0,
	CAPABILITY_STALWART = 1 << 1,
	CAPABILITY_TLSTALLY = 1 << 2,
};

/* Announced in the session object, and enforced. */
enum {
	JMAP_MAX_REQUEST = 10 * 1024 * 1024, /* bytes */
	/* In these; so that a tree of "[],[],..." is not seventy times its
	 * text.  A report has one for 20 bytes and more. */
	JMAP_MAX_VALUES = 512 * 1024,
	JMAP_MAX_CALLS = 32,
	JMAP_MAX_GET = 500,
	JMAP_MAX_SET = 500,
	JMAP_MAX_CONCURRENT = 8,
};

enum { JMAP_ID_MAX = 255 }; /* section 1.2 */

/* What is wrong with a request as a whole. */
struct jmap_problem {
	int status;        /* of HTTP; 0: nothing is */
	const char *type;  /* "urn:ietf:params:jmap:error:notJSON" */
	const char *limit; /* "maxCallsInRequest"; NULL */
	char detail[256];
};

struct jmap_call {
	const char *name; /* lent by the tree, as all of these */
	json_t *args;     /* an object */
	json_t *id;       /* a text, to be given back */
};

struct jmap_request {
	json_t *tree;
	unsigned using; /* enum jmap_capability */
	struct jmap_call *calls;
	size_t call_count;
	json_t *created_ids; /* an object; NULL: none were sent */
};

/* True, and the request is to be cleared; or false with the problem. */
bool jmap_request_read(const void *body, size_t len,
                       struct jmap_request *request,
                       struct jmap_problem *problem);
void jmap_request_clear(struct jmap_request *request);

/* Is it an Id (section 1.2): 1 to 255 of A-Z a-z 0-9 - _? */
bool jmap_request_is_id(const char *text);

#endif
