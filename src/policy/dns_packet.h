/*
 * dns_packet - DNS questions and answers as bytes (RFC 1035, RFC 6891)
 *
 * ldns reads the packets; this checks that an answer belongs to its question,
 * follows the CNAMEs inside it, and copies what is of use into the arena.
 * Pure: who is asked, and how often, is policy/dns_query.h's affair.
 */
#ifndef TLSTALLY_POLICY_DNS_PACKET_H
#define TLSTALLY_POLICY_DNS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "policy/resolver.h"

enum {
	DNS_QUESTION_MAX = 512,
	DNS_ANSWER_MAX = 65535,
	DNS_RECORDS_MAX = 100, /* of one answer; what follows is left out */
	DNS_CNAMES_MAX = 10,
	DNS_UDP_PAYLOAD = 1232, /* asked for: fits into any path's packets */
};

/* RFC 1035 section 4.1.1 */
enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
};

struct dns_question {
	const char *name; /* "_smtp._tls.example.com" */
	enum dns_type type;
	uint16_t id;
	bool unchecked; /* CD: also what fails validation */
};

/* The question as it is sent: recursion wanted, EDNS0, DO.  Returns its
 * length; 0 for a name that DNS cannot have (too long). */
size_t dns_question_write(const struct dns_question *question,
                          uint8_t out[DNS_QUESTION_MAX]);

struct dns_reply {
	unsigned rcode;
	bool truncated;
	bool authentic; /* AD; whether to believe it is not known here */
	/* The CNAMEs lead to answer.owner, and nothing is said about that:
	 * ask for it. */
	bool unfinished;
	/* Of NOERROR and NXDOMAIN: status OK or NONE, ttl, owner, records. */
	struct dns_answer answer;
};

/* 1: the answer to the question.  0: to some other: not for us, wait on.
 * ERR_PARSE: it is ours and damaged. */
int dns_reply_read(const uint8_t *data, size_t len,
                   const struct dns_question *question, struct arena *arena,
                   struct dns_reply *reply, struct err *err);

/* "SERVFAIL", "REFUSED", "RCODE 23"; lent, or in the arena. */
const char *dns_rcode_word(unsigned rcode, struct arena *arena);

#endif
