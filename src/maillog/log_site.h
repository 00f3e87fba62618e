/*
 * log_site - what the site itself has to do with a session of its log
 *
 * A line of the log does not say which policies its smtp(8) holds others to,
 * whether it would have said something about TLS, nor who chose the host: the
 * recipient's domain by its MX records, or this site by relayhost and the like.
 * Postfix's settings do (maillog/postconf.h), service by service, and the
 * settings of [log], where postconf cannot tell or the log is another host's.
 *
 *     postfix/relay/smtp    the service "relay", -o syslog_name and all
 *
 * Services that log under the same name cannot be told apart: what holds for
 * one of them must be reckoned with, and where one logs no TLS, none of them
 * counts.  Of several instances with one name those that [log]
 * postfix_config_directory names go before the others.
 *
 * Made once and never changed; its texts are its own.
 */
#ifndef TLSTALLY_MAILLOG_LOG_SITE_H
#define TLSTALLY_MAILLOG_LOG_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/span.h"
#include "maillog/log_session.h"
#include "maillog/maillog.h"
#include "maillog/postconf.h"

/* Does smtp(8) log a line for each TLS session (smtp_tls_loglevel)? */
enum log_tls_lines {
	TLS_LINES_UNKNOWN, /* only the lines themselves can tell */
	TLS_LINES_LOGGED,
	TLS_LINES_MISSING, /* at 0: failures alone are seen */
};

/* Where this site sends mail by its own choice. */
struct site_hop {
	const char *name; /* canonical; NULL: an address */
	bool is_host;     /* "[name]": its MX records are not asked for */
	bool other_port;  /* than 25 */
	bool for_all;     /* of mail that has no other way: relayhost */
};

struct log_service {
	const char *program;   /* of its lines: "postfix/smtp" */
	const char *name;      /* in master.cf; the first of several */
	const char *directory; /* of its instance */
	bool named;            /* the instance is the one that sends */
	const char *loglevel;
	enum log_tls_lines tls_lines;
	bool says_tls; /* on delivery lines, at any level (Postfix 3.11) */
	bool routes;   /* may choose hosts on port 25 */
	/* "TLS-Required: No" is a header like any other: tls_required_enable =
	 * no, or before Postfix 3.10 */
	bool ignores_tls_required;
	unsigned enforces; /* ENFORCES_...: maillog/log_session.h */
};

struct log_site {
	struct arena arena;
	struct maillog_site lines; /* how they are to be read */
	struct log_service *services;
	size_t count;
	struct log_service other; /* of lines that are none of these */
	struct site_hop *hops;
	size_t hop_count;
	bool all_relayed;     /* [log] by_relay */
	const char *own_host; /* lines of others are none of ours; NULL */
};

/* An instance of Postfix, as postconf tells. */
struct site_instance {
	const char *directory;
	bool named; /* by [log] postfix_config_directory */
	const struct postconf *set;
	/* Services of the set that ask tlstally-policyd and no other map, and
	 * what it may tell them: ENFORCES_DANE_BY_MAP, ENFORCES_STS. */
	const struct postconf_service *const *askers;
	size_t asker_count;
	unsigned told;
};

/* What [log] says by hand. */
struct site_by_hand {
	bool has_enforces, dane, sts;
	const char *loglevel; /* ""; as in main.cf */
	bool says_routes, routes;
	const char *const *next_hops; /* as in main.cf */
	size_t next_hop_count;
	bool all_relayed;
	/* No line is of another host, or of a time before these settings. */
	bool lines_are_new;
	/* The log may have lines of other hosts: then this host's name.  What
	 * postconf says is not said of them. */
	const char *own_host;
};

/* With no instances only the settings are known, and what they leave open is
 * taken the careful way. */
struct log_site *log_site_new(const struct site_instance *instances,
                              size_t count, const struct site_by_hand *by_hand);
void log_site_free(struct log_site **site);

/* Of the program and host that wrote a line; `other` when it is not known.  An
 * empty host is this one. */
const struct log_service *log_site_service(const struct log_site *site,
                                           struct span program,
                                           struct span host);

/* All policies that any service enforces: what must be looked up. */
unsigned log_site_enforces(const struct log_site *site);

/*
 * Who chose the host that a service spoke to: the session's route and, where
 * this site chose it, the next hop's name if it has one.  A port other than
 * 25 is never a domain's choice.  An address for a name may be one: some have
 * MX records like that.
 */
enum log_route log_site_route(const struct log_site *site,
                              const struct log_service *service,
                              const char *host, uint16_t port,
                              const struct site_hop **hop);

#endif
