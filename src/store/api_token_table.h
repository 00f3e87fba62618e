/*
 * api_token_table - who may use the API, and for what
 *
 * Of a token only its hash stands here: whoever reads the store, or a backup,
 * cannot use the API with what he finds.
 */
#ifndef TLSTALLY_STORE_API_TOKEN_TABLE_H
#define TLSTALLY_STORE_API_TOKEN_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

enum { API_TOKEN_NAME_TEXT = 64, API_TOKEN_HASH = 32 };

struct api_token {
	char name[API_TOKEN_NAME_TEXT]; /* letters, digits and "._-" */
	uint8_t hash[API_TOKEN_HASH];   /* SHA-256 of the token's text */
	uint32_t permissions;           /* bits of enum jmap_permission */
	int64_t created;                /* secs */
	int64_t expires;                /* secs; 0: never */
};

/* 1 and the row (also an expired one), or 0. */
int api_token_get(struct db_txn *txn, const char *name,
                  struct api_token *token);
void api_token_put(struct db_txn *txn, const struct api_token *token);
/* 1 when there was one, else 0. */
int api_token_delete(struct db_txn *txn, const char *name);
/* The next by name after token->name (begin with ""). */
int api_token_next(struct db_txn *txn, struct api_token *token);

#endif
