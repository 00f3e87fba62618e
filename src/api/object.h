/*
 * object - TlsInternalReport: a report in the outbox as the API shows it
 *
 * One table a type (the object, its report, a policy, a failure detail, a
 * destination) has a row a property: where it lies in the struct and how it
 * is read and written.  Writing gives every property, null for what is
 * absent; enum words are camelCase here.  Reading is for create: it checks
 * everything a stranger may get wrong, and what it took is written as it
 * would be read again.
 *
 *     {"id":"a0000000002gk", "domain":"example.com",
 *      "mailRua":["tls@example.com"], "httpRua":[],
 *      "report":{"organizationName":null, ..., "policies":[{...}]},
 *      "createdAt":"2026-03-02T00:15:00Z", ..., "status":"pending",
 *      "destinations":[{"uri":"mailto:tls@example.com", ...}]}
 */
#ifndef TLSTALLY_API_OBJECT_H
#define TLSTALLY_API_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "reply/delivery_state.h"
#include "report/report.h"

enum {
	OBJECT_POLICY_IDS_MAX = 10000, /* a patch looks through them */
	OBJECT_LIST_MAX = 16, /* mailRua and httpRua: of a record, too */
};

struct object_try {
	int64_t at;         /* secs */
	const char *answer; /* NULL: none */
};

struct object_destination {
	const char *uri;
	enum delivery_state state;
	uint64_t attempts;
	int64_t last_attempt;    /* secs; 0: none yet */
	int64_t next_attempt;    /* secs; 0: none */
	bool uncertain;          /* an answer was lost */
	bool is_copy;            /* for the operator: not in mailRua, httpRua */
	const char *last_answer; /* NULL: none yet */
	struct object_try *tries; /* the last attempts, in their order */
	size_t try_count;
	const char *blob; /* what goes there; its blobId */
};

struct internal_report {
	uint64_t id; /* 0: none yet, shown as null */
	uint64_t *policy_ids;
	size_t policy_id_count;
	const char **mail_rua; /* addresses, canonical (domain/rua.h) */
	size_t mail_count;
	const char **http_rua; /* https URIs, canonical */
	size_t http_count;
	struct report *report; /* owned; never NULL */
	const char *domain;
	int64_t created_at; /* secs */
	int64_t deliver_at;
	const char *day;           /* that it is about; NULL: none yet */
	int64_t done_at;           /* secs: it left the outbox; 0 */
	const char *status;        /* of the whole; NULL: none yet */
	const char *missing;       /* hosts, with commas; NULL: none */
	uint64_t success, failure; /* sessions, of all policies */
	const char *json_blob;     /* the report as it is sent; blobIds */
	const char *gzip_blob;
	struct object_destination *destinations;
	size_t destination_count;
	struct arena mem; /* of all but the report's */
};

struct property_table;
struct property_kind;
/* Its properties, in their order (api/property.h). */
extern const struct property_table object_table;
/* Of a TlsReport, and the kind of a property that is one: struct report *. */
extern const struct property_table object_report_table;
extern const struct property_kind object_report_kind;
/* Of a TlsReportPolicy: struct report_policy. */
extern const struct property_table object_policy_table;

struct internal_report *object_new(void);
void object_free(struct internal_report **object);
void object_reset(struct internal_report *object);

/* The caller's. */
json_t *object_write(const struct internal_report *object);

/*
 * What a client gave for create, into the object (reset first).  Lists are
 * arrays, or objects as Stalwart has them: {"a@b.example":true} and
 * {"0":{...},"1":{...}}.  Domains, addresses, URIs and IPs become canonical,
 * equal addresses and URIs one; an empty optional text is an absent one.
 * Unknown properties and those that the server sets (id, status,
 * destinations) are refused.  ERR_PARSE and ERR_LIMIT begin with the path:
 * "report.policies[0].policyType: none of ...".  An array of paths (or NULL)
 * gets those of everything that is wrong (base/json_at.h).
 */
int object_read(json_t *json, struct internal_report *object, json_t *paths,
                struct err *err);

#endif
