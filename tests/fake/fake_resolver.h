/*
 * fake_resolver - DNS out of a small text
 *
 *     # name type status secure ttl data
 *     _smtp._tls.example.com TXT  ok   insecure 300 v=TLSRPTv1;
 * rua=mailto:a@b.example example.com            MX   ok   secure   300 10
 * mx.example.com mx.example.com         A    ok   secure   300 192.0.2.1
 *     _25._tcp.mx.example.com TLSA ok  secure   300 3 1 1 0123...
 *     www.example.com        CNAME ok  secure   300 mx.example.com
 *     broken.example         MX   tempfail insecure 0
 *     example.net            MX   none secure   300
 *
 * Lines of one name and type make one answer.  What no line names is NONE,
 * insecure, for 300 s.  A type "*" answers every type of its name.  TLSA data
 * may be "3 1 1 *": a digest of 32 zero bytes.
 */
#ifndef TLSTALLY_TESTS_FAKE_FAKE_RESOLVER_H
#define TLSTALLY_TESTS_FAKE_FAKE_RESOLVER_H

#include "policy/discover.h"
#include "policy/sts_fetch.h"
#include "reply/ports.h"

struct fake_resolver {
	struct resolver resolver;
	const char *zone; /* lent; may be changed between queries */
	unsigned queries;
	char last[300]; /* "mx.example.com A" */
};

void fake_resolver_init(struct fake_resolver *fake, const char *zone);

/* What every policy host answers. */
struct fake_fetcher {
	struct sts_fetcher fetcher;
	enum view_status status;
	const char *body;
	const char *problem;
	bool connected, missed, hurried;
	unsigned fetches;
	char addresses[300]; /* of the last one's host */
};

void fake_fetcher_init(struct fake_fetcher *fake, const char *body);

/* Between two passes of a look-up: answers all that was asked for, or one. */
enum fake_order { FAKE_ALL_AT_ONCE, FAKE_LAST_FIRST, FAKE_FIRST_FIRST };
void fake_answer(struct lookup *lookup, struct resolver *resolver,
                 struct sts_fetcher *fetcher, enum fake_order order);

#endif
