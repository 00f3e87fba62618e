/*
 * postfix_ca - can smtp(8) read the certificates of certification authorities?
 *
 * A policy of mode enforce wants a certificate that can be verified, so without
 * them all mail to its domain waits.
 *
 *     smtp_tls_CAfile        is read before smtp(8) enters its chroot; if it is
 *                            not there, smtp(8) uses no TLS at all
 *     smtp_tls_CApath        is looked into later, from within the chroot, by
 *                            the user mail_owner: names such as 4042bcee.0
 *     tls_append_default_CA  adds the system's to one of these, and does
 *                            nothing without
 */
#ifndef TLSTALLY_POSTFIX_POSTFIX_CA_H
#define TLSTALLY_POSTFIX_POSTFIX_CA_H

#include <stdbool.h>

#include "base/arena.h"
#include "postfix/postfix_facts.h"

enum postfix_ca_state {
	POSTFIX_CA_WELL,
	POSTFIX_CA_NONE,     /* neither is set */
	POSTFIX_CA_NO_FILE,  /* `path`, smtp_tls_CAfile, is not there */
	POSTFIX_CA_NO_PATH,  /* `path`, smtp_tls_CApath, has no certificates */
	POSTFIX_CA_OUTSIDE,  /* it has some, but not within the chroot */
	POSTFIX_CA_DENIED,   /* mail_owner may not read them at `path` */
	POSTFIX_CA_NOT_SEEN, /* by us, at `path` */
};

struct postfix_ca {
	enum postfix_ca_state state;
	const char *service; /* of master.cf: the first of which this is so */
	const char *path;
};

/* Of all services that are smtp(8), and tlsproxy(8) if that does their TLS.
 * Texts are the arena's. */
void postfix_ca_look(const struct postfix_facts *facts, struct arena *arena,
                     struct postfix_ca *ca);

/* A file with all of the system's; NULL: there is none where systems have it.
 */
const char *postfix_ca_bundle(void);

#endif
