/*
 * sign_in - OAuth (RFC 6749 with PKCE, RFC 7636) for clients in a browser
 *
 *     a token is shown           a code, for 60 s, once
 *     the code, the verifier     an access token, for ten minutes, and a
 *                                refresh token, for a week
 *     the refresh token          another of both; it is used up, but for the
 *                                tab that was duplicated while it was good
 *
 * What a sign-in gives may do what the token may that it began with, and ends
 * with it.  All texts are random; the store has their hashes
 * (store/sign_in_table.h).  A code or a refresh token that comes again too late
 * was stolen from somebody: then all of its sign-in ends.
 *
 *     tallya_ + id of the sign-in + 32 random bytes, in base64url
 */
#ifndef TLSTALLY_HTTP_SIGN_IN_H
#define TLSTALLY_HTTP_SIGN_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/sign_in_table.h"

enum {
	SIGN_IN_CODE_SECS = 60,
	SIGN_IN_ACCESS_SECS = 10 * 60,
	SIGN_IN_REFRESH_SECS = 7 * 24 * 60 * 60,
	/* As long as the access token may live that came with it. */
	SIGN_IN_GRACE_SECS = SIGN_IN_ACCESS_SECS,
	SIGN_IN_MAX = 256, /* of all; then the oldest of who has most ends */
	SIGN_IN_BEGUN_MAX = 32, /* of a token, whose code nobody redeemed */
};

/* "tallya_", 12 and 32 bytes in base64url. */
enum { SIGN_IN_TEXT = 7 + 16 + 43 + 1 };
/* A cookie: 32 bytes. */
enum { SIGN_IN_BROWSER_TEXT = 43 + 1 };

/* Who asks for a code; his token is good. */
struct sign_in_ask {
	const char *token;     /* its name */
	const char *client;    /* client_id */
	const char *redirect;  /* redirect_uri */
	const char *challenge; /* of sign_in_is_challenge() */
	const char *browser;   /* text of its cookie */
};

/* What comes with a code, or with a refresh token. */
struct sign_in_show {
	const char *text;
	const char *client;
	const char *redirect; /* with a code */
	const char *verifier; /* with a code */
};

struct sign_in_tokens {
	char access[SIGN_IN_TEXT];
	char refresh[SIGN_IN_TEXT];
	int64_t expires_in; /* secs, of the access token */
};

/* 43 characters of base64url: a SHA-256 (RFC 7636 section 4.2). */
bool sign_in_is_challenge(const char *text);

void sign_in_browser_new(char text[SIGN_IN_BROWSER_TEXT]);

/* ERR_BUSY, ERR_IO: the store. */
int sign_in_begin(struct db *db, const struct sign_in_ask *ask, int64_t now,
                  char code[SIGN_IN_TEXT], struct err *err);

/* ERR_NOTFOUND: there was never such a text, somebody guesses; ERR_PARSE: it
 * is good no more, or not for who shows it; else the store. */
int sign_in_redeem(struct db *db, const struct sign_in_show *show, int64_t now,
                   struct sign_in_tokens *tokens, struct err *err);
int sign_in_refresh(struct db *db, const struct sign_in_show *show, int64_t now,
                    struct sign_in_tokens *tokens, struct err *err);

enum sign_in_found { SIGN_IN_GOOD, SIGN_IN_EXPIRED, SIGN_IN_UNKNOWN };

/* Is it the form of an access token? */
bool sign_in_is_access(const char *text);
/* SIGN_IN_GOOD: the token that it began with. */
enum sign_in_found sign_in_find(struct db_txn *txn, const char *access,
                                int64_t now, struct api_token *token);

/* Ends all of a browser, by its cookie. */
int sign_in_end(struct db *db, const char *browser, struct err *err);

#endif
