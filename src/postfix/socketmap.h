/*
 * socketmap - asking a map server as Postfix does (socketmap_table(5))
 *
 *     "27:QUERYwithTLSRPT example.com,"  ->  "45:OK secure match=...,"
 *
 * One question on one connection.  The server may be anybody's, so what it says
 * is read like any foreign text.
 */
#ifndef TLSTALLY_POSTFIX_SOCKETMAP_H
#define TLSTALLY_POSTFIX_SOCKETMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

/* More is not read by Postfix, which defers the mail. */
enum { SOCKETMAP_MAX = 100000 };

enum socketmap_status {
	SOCKETMAP_OK,
	SOCKETMAP_NOTFOUND,
	/* These three defer the mail. */
	SOCKETMAP_TEMP,
	SOCKETMAP_TIMEOUT,
	SOCKETMAP_PERM,
};

struct socketmap_answer {
	enum socketmap_status status;
	struct strbuf text; /* what follows the status */
	int64_t took_ms;
	bool denied; /* no connection: we may not use its socket */
};

/* `server` is "unix:/path" or "inet:HOST:PORT".  ERR_IO: no connection;
 * ERR_BUSY: no answer in time; ERR_PARSE: what came is none.  The text is the
 * caller's to clear, whatever comes of it. */
int socketmap_ask(const char *server, const char *map, const char *key,
                  int timeout_ms, struct socketmap_answer *answer,
                  struct err *err);

/* A netstring: 1 and the answer when it is whole, 0 when it is not yet,
 * ERR_PARSE when it never will be one that Postfix reads. */
int socketmap_read(const char *data, size_t len,
                   struct socketmap_answer *answer, struct err *err);

#endif
