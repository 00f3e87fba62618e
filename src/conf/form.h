/*
 * form - what a text of the settings must look like
 *
 * Each takes a text that is not empty and says in err what is wrong with it,
 * without naming the setting: the caller knows which one it was.  These are
 * settings, written by the operator; addresses from outside are read in
 * domain/.
 */
#ifndef TLSTALLY_CONF_FORM_H
#define TLSTALLY_CONF_FORM_H

#include "base/err.h"

/* dot-atom@domain (RFC 5322 section 3.4.1 without quotes, comments and
 * literals), the domain of letters, digits and hyphens with a dot in it. */
int form_address(const char *text, struct err *err);

/* Its domain in lower case, as it stands in reports, ids and headers; the part
 * before the @ is its owner's business. */
void form_address_tidy(char *text);

/* What conf/list_item.h says, without an arrow. */
int form_deny(const char *text, struct err *err);

/* The same, " -> ", and where it goes; or with "!" and without an arrow. */
int form_redirect(const char *text, struct err *err);

/* mailto:ADDRESS or https://HOST... */
int form_destination(const char *text, struct err *err);

/* smtp://HOST[:PORT], smtps://HOST[:PORT], sendmail:/PATH, off */
int form_mail(const char *text, struct err *err);

/* dane, sts or none */
int form_enforces(const char *text, struct err *err);

/* smtp_tls_loglevel: a number or words of Postfix's */
int form_loglevel(const char *text, struct err *err);

/* may, encrypt or dane */
int form_level(const char *text, struct err *err);

/*
 * Addresses and sockets as Postfix writes them.  A resolver's is in digits,
 * with a port or without: who asks a resolver for the resolver's address?
 */
int form_resolver(const char *text, struct err *err); /* inet:ADDRESS[:PORT] */
int form_unix(const char *text, struct err *err);     /* unix:/PATH */
int form_socket(const char *text, struct err *err);   /* or inet:HOST:PORT */
int form_listen(const char *text, struct err *err);   /* or inet:ADDRESS:PORT */
int form_inet(const char *text, struct err *err);     /* inet:ADDRESS:PORT */

/* What was written before tlstally wrote them so, in today's notation; NULL
 * when it is: "8892@127.0.0.1" behind "inet:" or "inet6:", "local:/path",
 * "/path", "127.0.0.1:8460", "::1@5353", "::1". */
char *form_socket_today(const char *text);

/* The name of a Postfix transport (master.cf). */
int form_mailer(const char *text, struct err *err);

/* http:// or https://, a host, perhaps a port and a path */
int form_url(const char *text, struct err *err);

/* /PATH /DIRECTORY: where it is served, and where it is */
int form_static(const char *text, struct err *err);

/* /PATH, of letters, digits, - and _, and not one that tlstally-httpd uses */
int form_post_path(const char *text, struct err *err);

/* ADDRESS, ADDRESS/BITS or unix */
int form_network(const char *text, struct err *err);

/* A user or a group, by name or number. */
int form_user(const char *text, struct err *err);

/* postgresql://... without a password: what stands in settings, and with -o in
 * the list of processes, many can read. */
int form_ledger(const char *text, struct err *err);

/* The name of a host: a domain name, also of one label. */
int form_host(const char *text, struct err *err);

#endif
