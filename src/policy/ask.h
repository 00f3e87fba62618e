/* ask - who wants a domain's view, and what he is told (policy/service.h) */
#ifndef TLSTALLY_POLICY_ASK_H
#define TLSTALLY_POLICY_ASK_H

#include <stdbool.h>

#include "domain/domain_view.h"

/* What came of it.  All is lent until tell() returns. */
struct policy_told {
	const char *domain;
	const struct domain_view *view; /* NULL: the service closes */
	bool complete;                  /* nothing in it failed temporarily */
	bool answered;                  /* DNS answered a question about it */
};

struct policy_ask {
	const char *domain; /* canonical; copied */
	bool background;    /* nobody waits for it: behind all others */
	bool anew;          /* also when the store's view is still good */
	/* Called once, by the service's own thread, or by the one that closes
	 * it: hand it on, and do not wait for anything. */
	void (*tell)(void *arg, const struct policy_told *told);
	void *arg;
};

#endif
