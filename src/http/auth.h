/*
 * auth - bearer tokens (RFC 6750): who asks, and may he
 *
 *     Authorization: Bearer tally_3q2-7vXb...
 *
 * A token is 32 random bytes; the store holds its SHA-256 (a fast hash is
 * enough for what nobody can guess).  An access token of a sign-in stands for
 * the token that it began with (http/sign_in.h), and a token may come as the
 * password of Basic, whatever the user name.  Whoever shows wrong ones is made
 * to wait, by address.  Neither tokens nor hashes get into a log or an answer.
 */
#ifndef TLSTALLY_HTTP_AUTH_H
#define TLSTALLY_HTTP_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "jmap/jmap.h"
#include "store/api_token_table.h"
#include "store/db.h"

/* "tally_" and 32 bytes in base64url. */
enum { AUTH_TOKEN_TEXT = 6 + 43 + 1 };

/* A new token: its text for the person, its hash for the store. */
void auth_token_new(char text[AUTH_TOKEN_TEXT], uint8_t hash[API_TOKEN_HASH]);

/* Is this a name for a token?  ERR_PARSE. */
int auth_name_check(const char *name, struct err *err);

enum auth_result {
	AUTH_OK,
	AUTH_MISSING,     /* no Authorization, or none of ours: 401 */
	AUTH_IN_CLEAR,    /* Basic, where others can read it: 401 */
	AUTH_WRONG,       /* no such token, or expired: 401 */
	AUTH_TOO_MANY,    /* wrong ones from that address: 429 */
	AUTH_UNAVAILABLE, /* the store cannot be read: 503 */
};

struct auth_answer {
	enum auth_result result;
	char name[API_TOKEN_NAME_TEXT];
	unsigned permissions;
	int64_t retry_after; /* secs, AUTH_TOO_MANY */
	bool is_last;        /* AUTH_WRONG: from now on it is too many */
	struct err err;      /* AUTH_UNAVAILABLE: why */
};

/* From an address at most this many wrong ones in a row of that time. */
enum { AUTH_WRONG_MAX = 10, AUTH_WRONG_SECS = 60 };

/* Who shows a token. */
struct auth_from {
	const char *address;
	/* Loopback, a unix socket or a proxy that does not say whom it brings:
	 * one who guesses must not shut the others out. */
	bool is_shared;
	bool is_private; /* nobody reads what he sends: TLS, or this host */
};

struct auth;

struct auth *auth_new(struct db *db, struct clock *clock);
void auth_free(struct auth **auth);

/*
 * header: what stands behind "Authorization:", or NULL.  A good token does not
 * help an address that must wait, unless others share it.  May be called by
 * several threads at once.
 */
void auth_check(struct auth *auth, const char *header, struct auth_from from,
                struct auth_answer *answer);
/* The same for a token that came otherwise; "": none. */
void auth_check_token(struct auth *auth, const char *text,
                      struct auth_from from, struct auth_answer *answer);

/* For other secrets that can be guessed: how many seconds he must wait, 0; that
 * he showed a wrong one, true when it was one too many. */
int64_t auth_must_wait(struct auth *auth, struct auth_from from);
bool auth_note_wrong(struct auth *auth, struct auth_from from);

#endif
