/*
 * postconf - what postconf(1) prints about one instance of Postfix
 *
 * Three commands tell all of it:
 *
 *     postconf -x NAME...   relayhost = [smtp.relay.example]:587
 *     postconf -xM          relay unix - - y - - smtp -o syslog_name=...
 *     postconf -xP          relay/unix/smtp_tls_loglevel = 2
 *
 * -x has expanded "$name", "$service_name" too.  What a service is set to is
 * its own -o setting, or else main.cf's.  A name that this Postfix does not
 * know prints nothing: postconf_get() says NULL, and an empty setting is "".
 *
 * The texts live in the arena.  Somebody else's program prints them, so lines
 * that are none of these are passed over, and no more than so many are kept.
 */
#ifndef TLSTALLY_MAILLOG_POSTCONF_H
#define TLSTALLY_MAILLOG_POSTCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum { POSTCONF_SETTINGS_MAX = 4096, POSTCONF_SERVICES_MAX = 1024 };

struct postconf_setting {
	const char *name;
	const char *value;
};

struct postconf_settings {
	struct postconf_setting *list;
	size_t count;
};

/* A line of master.cf. */
struct postconf_service {
	const char *name;    /* "relay", "127.0.0.1:10025" */
	const char *type;    /* "unix", "inet" */
	bool chroot;         /* "y" */
	const char *program; /* "smtp" */
};

struct postconf {
	struct postconf_settings main;
	struct postconf_service *services;
	size_t service_count;
	/* -o, named "relay/unix/smtp_tls_loglevel" */
	struct postconf_settings overrides;
};

/* "name = value" lines, of -x and of -P.  Of a name that comes twice the last
 * counts. */
void postconf_read_settings(const char *text, size_t len, struct arena *arena,
                            struct postconf_settings *settings);
/* The lines of -M. */
void postconf_read_services(const char *text, size_t len, struct arena *arena,
                            struct postconf *postconf);

/* main.cf's value; NULL: this Postfix does not know the name. */
const char *postconf_get(const struct postconf *postconf, const char *name);

/* What the service goes by: its own value, or main.cf's. */
const char *postconf_of_service(const struct postconf *postconf,
                                const struct postconf_service *service,
                                const char *name);

/* smtp(8) under any name: what speaks SMTP to others. */
bool postconf_is_smtp(const struct postconf_service *service);

/* Is a line of the log written for each TLS session at this smtp_tls_loglevel
 * ("1", "summary,untrusted")?  Not at 0, Postfix's default. */
bool postconf_logs_tls(const char *loglevel);

#endif
