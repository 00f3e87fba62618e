/*
 * rua_read - what the files that read a rua share (domain/rua.h is for others)
 *
 *     rua.c        schemes, raw delimiters, directories
 *     rua_read.c   host names, errors
 *     rua_mail.c   mailto:, bare addresses
 *     rua_https.c  https://
 */
#ifndef TLSTALLY_DOMAIN_RUA_READ_H
#define TLSTALLY_DOMAIN_RUA_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "domain/rua.h"

/* What is being read: the whole of it for the error, and where it goes. */
struct rua_parse {
	const char *text;
	size_t len;
	struct rua *rua;
	struct err *err;
};

/* "rua: no scheme in 'noscheme'"; returns class. */
int rua_refuse(const struct rua_parse *parse, int class, const char *what);

/* Keeps the canonical text; ERR_LIMIT when it grew too long on its way. */
int rua_keep_uri(const struct rua_parse *parse, const struct strbuf *uri);

/* Bytes right of an @ or of "https://" to a host name in rua->host. */
int rua_read_host(const struct rua_parse *parse, const char *name, size_t len);

bool rua_has_control(const char *text, size_t len);

/* A decoded address; and what stands behind "mailto:", behind "https:". */
int rua_read_address(const struct rua_parse *parse, const char *address,
                     size_t len);
int rua_read_mailto(const struct rua_parse *parse, const char *rest,
                    size_t len);
int rua_read_https(const struct rua_parse *parse, const char *rest, size_t len);

#endif
