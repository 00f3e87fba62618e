#include "http/auth.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "api/http_text.h"
#include "base/ascii.h"
#include "base/auto.h"
#include "base/base64.h"
#include "base/hash.h"
#include "base/lru.h"
#include "base/xalloc.h"
#include "http/sign_in.h"

#define TOKEN_PREFIX "tally_"

enum { TOKEN_BYTES = 32, ADDRESSES_MAX = 4096 };

/* The wrong tokens of one address. */
struct offender {
	int64_t since_ms; /* monotonic */
	unsigned count;
};

struct auth {
	struct db *db;
	struct clock *clock;
	pthread_mutex_t lock; /* of the offenders */
	struct lru *offenders;
};

static void hash_text(const char *text, size_t len,
                      uint8_t hash[API_TOKEN_HASH])
{
	unsigned n = API_TOKEN_HASH;

	if (!EVP_Digest(text, len, hash, &n, EVP_sha256(), NULL))
		abort();
}

void auth_token_new(char text[AUTH_TOKEN_TEXT], uint8_t hash[API_TOKEN_HASH])
{
	auto_(strbuf_clear) struct strbuf coded = {0};
	uint8_t bytes[TOKEN_BYTES];

	hash_random_bytes(bytes, sizeof(bytes));
	base64_write(bytes, sizeof(bytes), &coded);
	/* RFC 4648 section 5; the '=' at the end says nothing */
	for (size_t i = 0; i < coded.len; i++)
		if (coded.data[i] == '+' || coded.data[i] == '/')
			coded.data[i] = coded.data[i] == '+' ? '-' : '_';
	snprintf(text, AUTH_TOKEN_TEXT, TOKEN_PREFIX "%.43s",
	         strbuf_text(&coded));
	hash_text(text, strlen(text), hash);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(coded.data, coded.len);
}

int auth_name_check(const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (len == 0 || len >= API_TOKEN_NAME_TEXT)
		return err_set(err, ERR_PARSE,
		               "a token's name has 1 to %d characters",
		               API_TOKEN_NAME_TEXT - 1);
	for (size_t i = 0; i < len; i++)
		if (!ascii_is_alnum(name[i]) && strchr("._-", name[i]) == NULL)
			return err_set(err, ERR_PARSE,
			               "'%s': a token's name consists of "
			               "letters, digits, '.', '_' and '-'",
			               name);
	return 0;
}

struct auth *auth_new(struct db *db, struct clock *clock)
{
	struct auth *auth = xcalloc(1, sizeof(*auth));

	auth->db = db;
	auth->clock = clock;
	pthread_mutex_init(&auth->lock, NULL);
	auth->offenders = lru_new(ADDRESSES_MAX, sizeof(struct offender), NULL);
	return auth;
}

void auth_free(struct auth **auth)
{
	if (*auth == NULL)
		return;
	lru_free(&(*auth)->offenders);
	pthread_mutex_destroy(&(*auth)->lock);
	free(*auth);
	*auth = NULL;
}

/* How many seconds the address must wait; 0: it need not. */
static int64_t must_wait(struct auth *auth, const char *address)
{
	int64_t now_ms = clock_monotonic_ms(auth->clock), left_ms = 0;
	const struct offender *offender;

	pthread_mutex_lock(&auth->lock);
	offender = lru_find(auth->offenders, address, strlen(address));
	if (offender != NULL && offender->count >= AUTH_WRONG_MAX)
		left_ms = offender->since_ms + AUTH_WRONG_SECS * 1000 - now_ms;
	pthread_mutex_unlock(&auth->lock);
	return left_ms > 0 ? (left_ms + 999) / 1000 : 0;
}

/* True: it was one too many. */
static bool note_wrong(struct auth *auth, const char *address)
{
	int64_t now_ms = clock_monotonic_ms(auth->clock);
	struct offender *offender;
	unsigned count;

	pthread_mutex_lock(&auth->lock);
	offender = lru_use(auth->offenders, address, strlen(address));
	if (offender->count == 0 ||
	    now_ms - offender->since_ms >= AUTH_WRONG_SECS * 1000)
		*offender = (struct offender){.since_ms = now_ms};
	count = ++offender->count;
	pthread_mutex_unlock(&auth->lock);
	return count == AUTH_WRONG_MAX;
}

int64_t auth_must_wait(struct auth *auth, struct auth_from from)
{
	return from.is_shared ? 0 : must_wait(auth, from.address);
}

bool auth_note_wrong(struct auth *auth, struct auth_from from)
{
	return note_wrong(auth, from.address);
}

/* All rows are compared, each in the same time: what is measured from outside
 * tells nothing of what is here. */
static enum sign_in_found find_token(struct db_txn *txn, const char *text,
                                     int64_t now, struct api_token *token)
{
	uint8_t hash[API_TOKEN_HASH];
	struct api_token row = {0};
	enum sign_in_found found = SIGN_IN_UNKNOWN;

	hash_text(text, strlen(text), hash);
	while (api_token_next(txn, &row)) {
		if (CRYPTO_memcmp(row.hash, hash, API_TOKEN_HASH) != 0 ||
		    (row.expires != 0 && row.expires <= now))
			continue;
		found = SIGN_IN_GOOD;
		*token = row;
	}
	return found;
}

/* An access token that was good is no guess: its client refreshes it. */
static enum sign_in_found find(struct auth *auth, const char *text,
                               struct auth_answer *answer)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(auth->db);
	int64_t now = clock_secs(auth->clock);
	struct api_token token = {0};
	enum sign_in_found found =
		sign_in_is_access(text) ? sign_in_find(txn, text, now, &token)
					: find_token(txn, text, now, &token);

	if (found == SIGN_IN_GOOD) {
		answer->permissions = token.permissions;
		snprintf(answer->name, sizeof(answer->name), "%s", token.name);
	}
	if (db_failure(txn, &answer->err) < 0)
		answer->result = AUTH_UNAVAILABLE;
	return found;
}

void auth_check_token(struct auth *auth, const char *text,
                      struct auth_from from, struct auth_answer *answer)
{
	enum sign_in_found found;

	memset(answer, 0, sizeof(*answer));
	answer->result = AUTH_MISSING;
	if (*text == '\0')
		return;
	answer->retry_after = must_wait(auth, from.address);
	answer->result = answer->retry_after > 0 ? AUTH_TOO_MANY : AUTH_WRONG;
	if (answer->result == AUTH_TOO_MANY && !from.is_shared)
		return;
	found = find(auth, text, answer);
	if (found == SIGN_IN_GOOD)
		answer->result = AUTH_OK;
	else if (answer->result == AUTH_WRONG && found == SIGN_IN_UNKNOWN)
		answer->is_last = note_wrong(auth, from.address);
}

void auth_check(struct auth *auth, const char *header, struct auth_from from,
                struct auth_answer *answer)
{
	const char *text = http_text_bearer(header);
	char password[HTTP_PASSWORD_TEXT];

	if (text == NULL && http_text_basic(header, password)) {
		text = password;
		if (!from.is_private) {
			memset(answer, 0, sizeof(*answer));
			answer->result = AUTH_IN_CLEAR;
			text = NULL;
		}
	} else if (text == NULL) {
		text = "";
	}
	if (text != NULL)
		auth_check_token(auth, text, from, answer);
	OPENSSL_cleanse(password, sizeof(password));
}
