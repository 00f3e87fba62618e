/*
 * postfix_facts - what an instance of Postfix is, and what its smtp(8) does
 *
 * What `tlstally doctor` looks at and `tlstally setup` changes, worked out of
 * what postconf(1) printed (postfix/postfix_site.h) and of the files that are
 * there:
 *
 *     struct postfix_site *site = postfix_site_ask(&conf);
 *     struct postfix_facts facts;
 *
 *     postfix_facts_of(&site->instances[0], &arena, &facts);
 *     facts.version            3.10.13
 *     facts.tlsrpt             what the program itself says, not its version
 *     facts.loops              reports by mail are counted as sessions, too
 *     facts.asks_in_vain       main.cf has smtp_tlsrpt_enable, and this Postfix
 *                              passes over it without a word
 *     facts.clients[i]         each service of master.cf that is smtp(8): its
 *                              level, does it send events, and to which socket
 *
 * Nothing is changed, nothing is run.  Texts are the arena's or the site's.
 */
#ifndef TLSTALLY_POSTFIX_POSTFIX_FACTS_H
#define TLSTALLY_POSTFIX_POSTFIX_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "postfix/postfix_site.h"
#include "postfix/postfix_tlsrpt.h"

#define POSTFIX_RESOLV_CONF "/etc/resolv.conf"

struct postfix_version {
	unsigned major, minor, patch; /* of "3.11-20250101": 3, 11, 0 */
};

/* Of mail_version; false when it is none. */
bool postfix_version_read(const char *text, struct postfix_version *version);
bool postfix_is_before(const struct postfix_version *version, unsigned major,
                       unsigned minor, unsigned patch);

/* A service of master.cf that is smtp(8). */
struct postfix_client {
	const char *name; /* "smtp", "relay" */
	const struct postconf_service *service;
	bool chroot;
	/* smtp_tls_security_level, or what the obsolete smtp_use_tls and
	 * smtp_enforce_tls stand for; "none" when TLS is off */
	const char *level;
	/* Why "dane" is no more than "may" here, in words; NULL: it is, if its
	 * resolver validates. */
	const char *no_dane;
	/* smtp_tls_verify_cert_match is the host's own name, and no other */
	bool verifies_host;
	/* The resolv.conf that it reads, of its chroot where it is in one. */
	const char *resolv_conf;
	const char *policy_maps; /* smtp_tls_policy_maps; "" */
	bool sends_events;       /* smtp_tlsrpt_enable = yes */
	const char *socket;      /* smtp_tlsrpt_socket_name as it is set; "" */
	/* Where that is for whoever is not in the chroot; NULL: nowhere.  A
	 * relative name is in the queue directory, and so is an absolute one
	 * of a service with chroot. */
	const char *socket_path;
};

struct postfix_facts {
	const struct postfix_instance *instance;
	struct postfix_version version; /* all 0: not known */
	enum tlsrpt_support tlsrpt;
	bool asks_in_vain;
	bool loops;             /* 3.10.0 to 3.10.3 that send events, or
	                           tls_required_enable = no */
	bool dns_off;           /* a client does not use DNS: then no events */
	const char *mail_owner; /* "postfix"; never NULL */
	const char *queue_directory; /* never NULL */
	struct postfix_client *clients;
	size_t client_count;
};

void postfix_facts_of(const struct postfix_instance *instance,
                      struct arena *arena, struct postfix_facts *facts);

/* From which files the services of all instances that send mail have their
 * name servers, each once; never none. */
const char *const *postfix_resolv_files(const struct postfix_site *site,
                                        struct arena *arena, size_t *count);

/* What the client is set to, by itself or in main.cf; "". */
const char *postfix_client_setting(const struct postfix_facts *facts,
                                   const struct postfix_client *client,
                                   const char *name);

/* "3.10.13"; "" when the version is not known. */
const char *postfix_version_text(const struct postfix_facts *facts);

/* Does DIRECTORY/main.cf itself set this name, known to this Postfix or not? */
bool postfix_main_cf_sets(const char *directory, const char *name);

/* A member of smtpd_milters or non_smtpd_milters. */
struct postfix_milter {
	const char *socket;         /* "inet:127.0.0.1:8892" */
	const char *default_action; /* its own, or milter_default_action */
};

struct postfix_milters {
	struct postfix_milter *list;
	size_t count;
};

/* "inet:a:1, { unix:b, default_action=accept }" in its order.  `action` is what
 * holds for those that have none of their own. */
void postfix_milters_read(const char *value, const char *action,
                          struct arena *arena, struct postfix_milters *milters);

/* Where our milter, which listens at `socket` ([milter] socket), stands in the
 * list; -1: nowhere. */
int postfix_milters_find(const struct postfix_milters *milters,
                         const char *queue_directory, const char *socket);

#endif
