#include "http/sign_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/hash.h"
#include "base/xalloc.h"

enum {
	SECRET_BYTES = 32,
	ID_TEXT = 16, /* SIGN_IN_ID bytes */
	KIND_AT = 5,  /* "tallya_" */
	BEFORE = 7,
	VERIFIER_LEAST = 43, /* RFC 7636 section 4.1 */
	VERIFIER_MOST = 128,
	/* Rows of those that have ended stay so long: their texts are known,
	 * and nobody's guesses. */
	KEPT_SECS = 24 * 60 * 60,
};

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"abcdefghijklmnopqrstuvwxyz0123456789-_";

static void hash_text(const char *text, uint8_t hash[SIGN_IN_HASH])
{
	unsigned n = SIGN_IN_HASH;

	if (!EVP_Digest(text, strlen(text), hash, &n, EVP_sha256(), NULL))
		abort();
}

/* RFC 4648 section 5, without '='. */
static void write_base64url(const uint8_t *bytes, size_t len,
                            struct strbuf *out)
{
	size_t from = out->len;

	base64_write(bytes, len, out);
	while (out->len > from && out->data[out->len - 1] == '=')
		out->data[--out->len] = '\0';
	for (size_t i = from; i < out->len; i++)
		if (out->data[i] == '+' || out->data[i] == '/')
			out->data[i] = out->data[i] == '+' ? '-' : '_';
}

static void write_secret(struct strbuf *out)
{
	uint8_t bytes[SECRET_BYTES];

	hash_random_bytes(bytes, sizeof(bytes));
	write_base64url(bytes, sizeof(bytes), out);
	OPENSSL_cleanse(bytes, sizeof(bytes));
}

/* Exactly len characters of it, or what they stand for. */
static bool is_base64url(const char *text, size_t len)
{
	return strspn(text, base64url) == len && text[len] == '\0';
}

static bool read_base64url(const char *text, size_t chars, uint8_t *out,
                           size_t len)
{
	uint32_t bits = 0;
	int count = 0;

	for (size_t i = 0; i < chars; i++) {
		const char *at = strchr(base64url, text[i]);

		if (at == NULL || text[i] == '\0')
			return false;
		bits = bits << 6 | (uint32_t)(at - base64url);
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		if (len-- == 0)
			return false;
		*out++ = (uint8_t)(bits >> count);
	}
	return len == 0;
}

bool sign_in_is_challenge(const char *text)
{
	return is_base64url(text, 43);
}

static bool is_verifier(const char *text)
{
	size_t len = strlen(text), good = 0;

	while (text[good] != '\0' && (strchr(base64url, text[good]) != NULL ||
	                              strchr(".~", text[good]) != NULL))
		good++;
	return good == len && len >= VERIFIER_LEAST && len <= VERIFIER_MOST;
}

void sign_in_browser_new(char text[SIGN_IN_BROWSER_TEXT])
{
	auto_(strbuf_clear) struct strbuf coded = {0};

	write_secret(&coded);
	snprintf(text, SIGN_IN_BROWSER_TEXT, "%s", strbuf_text(&coded));
}

/* --- secrets of a row --- */

static char letter_of(enum sign_in_kind kind)
{
	return kind == SIGN_IN_CODE ? 'c' : kind == SIGN_IN_ACCESS ? 'a' : 'r';
}

static bool is_kind(const char *text, enum sign_in_kind kind)
{
	return strncmp(text, "tally", KIND_AT) == 0 &&
	       text[KIND_AT] == letter_of(kind) && text[KIND_AT + 1] == '_' &&
	       strspn(text + BEFORE, base64url) ==
	               (size_t)SIGN_IN_TEXT - 1 - BEFORE &&
	       text[SIGN_IN_TEXT - 1] == '\0';
}

/* Which one is given up for a new one of the kind: what has expired, else the
 * one of the kind that would first. */
static size_t place_for(const struct sign_in *row, enum sign_in_kind kind,
                        int64_t now)
{
	size_t place = SIGN_IN_SECRETS;

	if (row->secret_count < SIGN_IN_SECRETS)
		return row->secret_count;
	for (size_t i = 0; i < SIGN_IN_SECRETS; i++) {
		const struct sign_in_secret *each = &row->secrets[i];

		if (each->expires <= now)
			return i;
		if (each->kind == kind &&
		    (place == SIGN_IN_SECRETS ||
		     each->expires < row->secrets[place].expires))
			place = i;
	}
	/* none of its kind: both kinds are given together, so this is new */
	return place < SIGN_IN_SECRETS ? place : 0;
}

static void add_secret(struct sign_in *row, enum sign_in_kind kind, int64_t now,
                       int64_t expires, char text[SIGN_IN_TEXT])
{
	auto_(strbuf_clear) struct strbuf coded = {0};
	size_t place = place_for(row, kind, now);
	struct sign_in_secret *secret = &row->secrets[place];

	strbuf_printf(&coded, "tally%c_", letter_of(kind));
	write_base64url(row->id, sizeof(row->id), &coded);
	write_secret(&coded);
	snprintf(text, SIGN_IN_TEXT, "%s", strbuf_text(&coded));
	*secret = (struct sign_in_secret){.kind = (uint8_t)kind,
	                                  .expires = expires};
	hash_text(text, secret->hash);
	if (place == row->secret_count)
		row->secret_count++;
	OPENSSL_cleanse(coded.data, coded.len);
}

static struct sign_in_secret *
find_secret(struct sign_in *row, enum sign_in_kind kind, const char *text)
{
	struct sign_in_secret *found = NULL;
	uint8_t hash[SIGN_IN_HASH];

	hash_text(text, hash);
	for (size_t i = 0; i < row->secret_count; i++)
		if (row->secrets[i].kind == kind &&
		    CRYPTO_memcmp(row->secrets[i].hash, hash, SIGN_IN_HASH) ==
		            0)
			found = &row->secrets[i];
	return found;
}

/* The row that the text leads to, and its secret; NULL: nobody gave it. */
static struct sign_in_secret *look_up(struct db_txn *txn, const char *text,
                                      enum sign_in_kind kind,
                                      struct sign_in *row)
{
	uint8_t id[SIGN_IN_ID];

	if (!is_kind(text, kind) ||
	    !read_base64url(text + BEFORE, ID_TEXT, id, sizeof(id)) ||
	    !sign_in_get(txn, id, row))
		return NULL;
	return find_secret(row, kind, text);
}

/* Is the token still there that it began with? */
static bool has_token(struct db_txn *txn, const struct sign_in *row,
                      int64_t now, struct api_token *token)
{
	return api_token_get(txn, row->token, token) &&
	       CRYPTO_memcmp(token->hash, row->token_hash, API_TOKEN_HASH) ==
	               0 &&
	       (token->expires == 0 || token->expires > now);
}

/* --- begin --- */

/* One that may have to go. */
struct place {
	uint8_t id[SIGN_IN_ID];
	int64_t created;
	bool is_set;
};

/* The sign-ins of one token. */
struct holder {
	char token[API_TOKEN_NAME_TEXT];
	size_t count, begun; /* begun: nobody has redeemed its code */
	struct place oldest, oldest_begun;
};

static void note_place(struct place *oldest, const struct sign_in *row)
{
	if (oldest->is_set && oldest->created <= row->created)
		return;
	memcpy(oldest->id, row->id, sizeof(oldest->id));
	oldest->created = row->created;
	oldest->is_set = true;
}

static bool is_begun(const struct sign_in *row)
{
	for (size_t i = 0; i < row->secret_count; i++)
		if (row->secrets[i].kind == SIGN_IN_CODE &&
		    row->secrets[i].used == 0)
			return true;
	return false;
}

static void note_row(struct holder *holder, const struct sign_in *row)
{
	snprintf(holder->token, sizeof(holder->token), "%s", row->token);
	holder->count++;
	note_place(&holder->oldest, row);
	if (!is_begun(row))
		return;
	holder->begun++;
	note_place(&holder->oldest_begun, row);
}

/* The one of that token, or the next that is free. */
static struct holder *holder_of(struct holder holders[SIGN_IN_MAX],
                                const char *token)
{
	size_t i = 0;

	while (i + 1 < SIGN_IN_MAX && holders[i].count > 0 &&
	       strcmp(holders[i].token, token) != 0)
		i++;
	return &holders[i];
}

/* One more of the token finds room.  A token that begins ever more takes room
 * from itself, and what others have just begun, or are signed in with, stays.
 */
static void make_room(struct db_txn *txn, const char *token, int64_t now)
{
	struct holder *holders = xcalloc(SIGN_IN_MAX, sizeof(*holders)), *own;
	const struct holder *most = holders;
	struct sign_in row = {.created = 0};
	size_t count = 0;

	while (sign_in_next(txn, &row)) {
		if (sign_in_ends(&row) + KEPT_SECS <= now) {
			sign_in_delete(txn, row.id);
			continue;
		}
		note_row(holder_of(holders, row.token), &row);
		count++;
	}
	for (size_t i = 0; i < SIGN_IN_MAX; i++)
		if (holders[i].count > most->count)
			most = &holders[i];
	own = holder_of(holders, token);
	if (own->begun >= SIGN_IN_BEGUN_MAX)
		sign_in_delete(txn, own->oldest_begun.id);
	else if (count >= SIGN_IN_MAX)
		sign_in_delete(txn, most->oldest.id);
	free(holders);
}

int sign_in_begin(struct db *db, const struct sign_in_ask *ask, int64_t now,
                  char code[SIGN_IN_TEXT], struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct sign_in row = {.created = now};
	struct api_token token;

	if (api_token_get(txn, ask->token, &token))
		memcpy(row.token_hash, token.hash, sizeof(row.token_hash));
	hash_random_bytes(row.id, sizeof(row.id));
	snprintf(row.token, sizeof(row.token), "%s", ask->token);
	snprintf(row.client, sizeof(row.client), "%s", ask->client);
	snprintf(row.redirect, sizeof(row.redirect), "%s", ask->redirect);
	read_base64url(ask->challenge, 43, row.challenge,
	               sizeof(row.challenge));
	hash_text(ask->browser, row.browser);
	make_room(txn, ask->token, now);
	add_secret(&row, SIGN_IN_CODE, now, now + SIGN_IN_CODE_SECS, code);
	sign_in_put(txn, &row);
	return db_commit(&txn, err);
}

/* --- tokens --- */

static void give(struct sign_in *row, const struct api_token *token,
                 int64_t now, struct sign_in_tokens *tokens)
{
	int64_t access = now + SIGN_IN_ACCESS_SECS;
	int64_t refresh = now + SIGN_IN_REFRESH_SECS;

	if (token->expires != 0 && token->expires < access)
		access = token->expires;
	if (token->expires != 0 && token->expires < refresh)
		refresh = token->expires;
	add_secret(row, SIGN_IN_ACCESS, now, access, tokens->access);
	add_secret(row, SIGN_IN_REFRESH, now, refresh, tokens->refresh);
	tokens->expires_in = access - now;
}

/* Ends the sign-in, and says why.  What the store has to say comes first. */
static int end(struct db_txn **txn, const struct sign_in *row,
               const char *words, struct err *err)
{
	sign_in_delete(*txn, row->id);
	return db_commit(txn, err) < 0 ? err->class
	                               : err_set(err, ERR_PARSE, "%s", words);
}

static int unknown(struct db_txn *txn, const char *what, struct err *err)
{
	return db_failure(txn, err) < 0
	               ? err->class
	               : err_set(err, ERR_NOTFOUND, "no such %s", what);
}

static bool has_verifier(const struct sign_in *row, const char *verifier)
{
	uint8_t hash[SIGN_IN_HASH];

	hash_text(verifier, hash);
	return is_verifier(verifier) &&
	       CRYPTO_memcmp(hash, row->challenge, sizeof(hash)) == 0;
}

int sign_in_redeem(struct db *db, const struct sign_in_show *show, int64_t now,
                   struct sign_in_tokens *tokens, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct sign_in row;
	struct api_token token;
	struct sign_in_secret *code =
		look_up(txn, show->text, SIGN_IN_CODE, &row);

	if (code == NULL)
		return unknown(txn, "code", err);
	if (code->used != 0)
		return end(&txn, &row,
		           "the code was used before: what came of it is "
		           "revoked",
		           err);
	if (code->expires <= now)
		return end(&txn, &row, "the code has expired", err);
	if (strcmp(show->client, row.client) != 0)
		return end(&txn, &row, "the code is of another client_id", err);
	if (strcmp(show->redirect, row.redirect) != 0)
		return end(&txn, &row, "the code is of another redirect_uri",
		           err);
	if (!has_verifier(&row, show->verifier))
		return end(&txn, &row,
		           "code_verifier does not fit the code_challenge",
		           err);
	if (!has_token(txn, &row, now, &token))
		return end(&txn, &row, "the token was revoked or has expired",
		           err);
	code->used = now;
	give(&row, &token, now, tokens);
	sign_in_put(txn, &row);
	return db_commit(&txn, err);
}

int sign_in_refresh(struct db *db, const struct sign_in_show *show, int64_t now,
                    struct sign_in_tokens *tokens, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct sign_in row;
	struct api_token token;
	struct sign_in_secret *secret =
		look_up(txn, show->text, SIGN_IN_REFRESH, &row);

	if (secret == NULL)
		return unknown(txn, "refresh token", err);
	if (secret->expires <= now)
		return err_set(err, ERR_PARSE, "the refresh token has expired");
	if (strcmp(show->client, row.client) != 0)
		return end(&txn, &row,
		           "the refresh token is of another client_id", err);
	if (secret->used != 0 && now - secret->used > SIGN_IN_GRACE_SECS)
		return end(&txn, &row,
		           "the refresh token was used before: the sign-in is "
		           "revoked",
		           err);
	if (!has_token(txn, &row, now, &token))
		return end(&txn, &row, "the token was revoked or has expired",
		           err);
	if (secret->used == 0)
		secret->used = now;
	give(&row, &token, now, tokens);
	sign_in_put(txn, &row);
	return db_commit(&txn, err);
}

bool sign_in_is_access(const char *text)
{
	return is_kind(text, SIGN_IN_ACCESS);
}

enum sign_in_found sign_in_find(struct db_txn *txn, const char *access,
                                int64_t now, struct api_token *token)
{
	struct sign_in row;
	const struct sign_in_secret *secret =
		look_up(txn, access, SIGN_IN_ACCESS, &row);

	if (secret == NULL)
		return SIGN_IN_UNKNOWN;
	return secret->expires > now && has_token(txn, &row, now, token)
	               ? SIGN_IN_GOOD
	               : SIGN_IN_EXPIRED;
}

int sign_in_end(struct db *db, const char *browser, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct sign_in row = {.created = 0};
	uint8_t hash[SIGN_IN_HASH];

	hash_text(browser, hash);
	while (sign_in_next(txn, &row))
		if (CRYPTO_memcmp(row.browser, hash, sizeof(hash)) == 0)
			sign_in_delete(txn, row.id);
	return db_commit(&txn, err);
}
