/*
 * milter_session - one connection of the MTA, with its message
 *
 * A connection carries several messages, one after the other; ABORT ends one
 * early and keeps the connection.  No thread keeps to a session: each callback
 * may come from another one, but never two at once.
 */
#ifndef TLSTALLY_INTAKE_MILTER_SESSION_H
#define TLSTALLY_INTAKE_MILTER_SESSION_H

#include <stdbool.h>

#include "inmail/milter_message.h"

struct milter_session {
	unsigned long steps;        /* SMFIP_*, as agreed upon */
	enum inbound_client client; /* by its address */
	bool awaited; /* its message keeps the daemon from ending */
	struct milter_message message;
};

struct milter_session *milter_session_new(const struct milter_site *site,
                                          unsigned long steps);
void milter_session_free(struct milter_session **session);

#endif
