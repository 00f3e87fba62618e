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

/* example.com, @example.com or tls@example.com */
int form_deny(const char *text, struct err *err);

/* What a deny item names, " -> ", and where it goes. */
int form_redirect(const char *text, struct err *err);

/* smtp://HOST[:PORT], smtps://HOST[:PORT], sendmail:/PATH, off */
int form_mail(const char *text, struct err *err);

/* dane, sts or none */
int form_enforces(const char *text, struct err *err);

/* smtp_tls_loglevel: a number or words of Postfix's */
int form_loglevel(const char *text, struct err *err);

/* An address in digits, with or without a port (base/endpoint.h): who asks a
 * resolver for the resolver's address? */
int form_resolver(const char *text, struct err *err);

/* Where a milter listens, as libmilter writes it: unix:/PATH, local:/PATH,
 * inet:PORT@HOST, inet6:PORT@HOST.  The host must be named: without one
 * libmilter would listen on all addresses. */
int form_milter_socket(const char *text, struct err *err);

/* The name of a Postfix transport (master.cf). */
int form_mailer(const char *text, struct err *err);
/* ADDRESS:PORT, the address in digits, or unix:/PATH */
int form_listen(const char *text, struct err *err);

/* http:// or https://, a host, perhaps a port; no path */
int form_url(const char *text, struct err *err);

/* A user or a group, by name or number. */
int form_user(const char *text, struct err *err);

#endif
