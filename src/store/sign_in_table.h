/*
 * sign_in_table - who has signed in by a browser, and with which token
 *
 * One row a sign-in: the token that was shown, and what was given for it since
 * (http/sign_in.h): a code, access tokens, refresh tokens.  Of each only its
 * hash stands here.  What a sign-in may do is what its token may, as long as
 * there is that token.
 */
#ifndef TLSTALLY_STORE_SIGN_IN_TABLE_H
#define TLSTALLY_STORE_SIGN_IN_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/api_token_table.h"
#include "store/db.h"

enum {
	SIGN_IN_ID = 12, /* bytes, random */
	SIGN_IN_HASH = 32,
	SIGN_IN_CLIENT_TEXT = 128,
	SIGN_IN_REDIRECT_TEXT = 1024,
	/* Of a sign-in at one time.  Two tabs that refresh side by side need
	 * four of each. */
	SIGN_IN_SECRETS = 16,
};

/* Numbers of the store. */
enum sign_in_kind { SIGN_IN_CODE = 1, SIGN_IN_ACCESS = 2, SIGN_IN_REFRESH = 3 };

struct sign_in_secret {
	uint8_t kind; /* enum sign_in_kind */
	uint8_t hash[SIGN_IN_HASH];
	int64_t expires; /* secs */
	int64_t used;    /* secs: when it was redeemed; 0: not yet */
};

struct sign_in {
	uint8_t id[SIGN_IN_ID];
	char token[API_TOKEN_NAME_TEXT];      /* that it was made with, */
	uint8_t token_hash[API_TOKEN_HASH];   /* and no later one of its name */
	char client[SIGN_IN_CLIENT_TEXT];     /* client_id */
	char redirect[SIGN_IN_REDIRECT_TEXT]; /* redirect_uri */
	uint8_t challenge[SIGN_IN_HASH];      /* SHA-256 of the verifier */
	uint8_t browser[SIGN_IN_HASH];        /* of its cookie */
	int64_t created;                      /* secs */
	struct sign_in_secret secrets[SIGN_IN_SECRETS];
	size_t secret_count;
};

/* 1 and the row, or 0. */
int sign_in_get(struct db_txn *txn, const uint8_t id[SIGN_IN_ID],
                struct sign_in *row);
void sign_in_put(struct db_txn *txn, const struct sign_in *row);
int sign_in_delete(struct db_txn *txn, const uint8_t id[SIGN_IN_ID]);
/* The next by its id; after an id of zeros the first. */
int sign_in_next(struct db_txn *txn, struct sign_in *row);

/* When the last of its secrets expires. */
int64_t sign_in_ends(const struct sign_in *row);

#endif
