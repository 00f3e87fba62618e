#include "http/http_tls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gnutls/x509.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

enum {
	PEM_MAX = 1024 * 1024,
	CHAIN_MAX = 16,
	LOOK_MS = 2000,
	PATIENCE_MS = 30 * 1000, /* for the second file of a pair */
	/* A handshake is over long before: a connection's header has 30 s. */
	KEEP_MS = 5 * 60 * 1000,
};

/* What a pair of files holds. */
struct pair {
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned chain_count;
	gnutls_privkey_t key;
	int64_t left_ms; /* when another took its place */
	struct pair *before;
};

/* Which files they were. */
struct mark {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct http_tls {
	char *cert_path, *key_path;
	struct clock *clock;
	struct mark cert, key; /* that were read */
	int64_t looked_ms;
	int64_t odd_since_ms; /* they cannot be used; 0: they can */
	bool told;
	_Atomic(struct pair *) now;
};

static _Atomic(struct http_tls *) open_tls;

static void free_pair(struct pair **pair)
{
	struct pair *gone = *pair;

	if (gone == NULL)
		return;
	for (unsigned i = 0; i < gone->chain_count; i++)
		gnutls_pcert_deinit(&gone->chain[i]);
	if (gone->key != NULL)
		gnutls_privkey_deinit(gone->key);
	free(gone);
	*pair = NULL;
}

static struct mark mark_of(const char *path)
{
	struct stat is;

	if (stat(path, &is) < 0)
		return (struct mark){.size = -1};
	return (struct mark){is.st_dev, is.st_ino, is.st_size, is.st_mtim};
}

static bool is_same(const struct mark *a, const struct mark *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Do they belong together?  GnuTLS knows when they become credentials. */
static int check_pair(const gnutls_datum_t *cert, const gnutls_datum_t *key)
{
	gnutls_certificate_credentials_t both;
	int rc = gnutls_certificate_allocate_credentials(&both);

	if (rc < 0)
		return rc;
	rc = gnutls_certificate_set_x509_key_mem2(both, cert, key,
	                                          GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_certificate_free_credentials(both);
	return rc;
}

static int decode_pair(const gnutls_datum_t *cert, const gnutls_datum_t *key,
                       struct pair *pair)
{
	gnutls_x509_privkey_t x509;
	int rc = check_pair(cert, key);

	pair->chain_count = CHAIN_MAX;
	if (rc >= 0)
		rc = gnutls_pcert_list_import_x509_raw(
			pair->chain, &pair->chain_count, cert,
			GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);
	if (rc < 0) {
		pair->chain_count = 0;
		return rc;
	}
	rc = gnutls_x509_privkey_init(&x509);
	if (rc < 0)
		return rc;
	rc = gnutls_x509_privkey_import2(x509, key, GNUTLS_X509_FMT_PEM, NULL,
	                                 0);
	if (rc >= 0)
		rc = gnutls_privkey_init(&pair->key);
	if (rc >= 0)
		rc = gnutls_privkey_import_x509(pair->key, x509,
		                                GNUTLS_PRIVKEY_IMPORT_COPY);
	gnutls_x509_privkey_deinit(x509);
	return rc;
}

static int read_pair(const struct http_tls *tls, struct pair **out,
                     struct err *err)
{
	auto_(free_pair) struct pair *pair = xcalloc(1, sizeof(*pair));
	auto_(strbuf_clear) struct strbuf cert = {0}, key = {0};
	gnutls_datum_t cert_text, key_text;
	int rc;

	strbuf_init(&cert, PEM_MAX);
	strbuf_init(&key, PEM_MAX);
	if (io_read_file(tls->cert_path, &cert, err) < 0)
		return err_prefix(err, "[http] tls_cert");
	if (io_read_file(tls->key_path, &key, err) < 0)
		return err_prefix(err, "[http] tls_key");
	cert_text.data = (unsigned char *)cert.data;
	cert_text.size = (unsigned)cert.len;
	key_text.data = (unsigned char *)key.data;
	key_text.size = (unsigned)key.len;
	rc = decode_pair(&cert_text, &key_text, pair);
	gnutls_memset(key.data, 0, key.len);
	if (rc < 0)
		return err_set(err, ERR_IO, "[http] tls_cert and tls_key: %s",
		               gnutls_strerror(rc));
	*out = pair;
	pair = NULL;
	return 0;
}

int http_tls_open(struct http_tls **out, const char *cert, const char *key,
                  struct clock *clock, struct err *err)
{
	struct http_tls *tls = xcalloc(1, sizeof(*tls));
	struct pair *pair = NULL;

	*out = tls;
	tls->cert_path = xstrdup(cert);
	tls->key_path = xstrdup(key);
	tls->clock = clock;
	tls->cert = mark_of(cert);
	tls->key = mark_of(key);
	tls->looked_ms = clock_monotonic_ms(clock);
	if (read_pair(tls, &pair, err) < 0)
		return err->class;
	atomic_store(&tls->now, pair);
	atomic_store(&open_tls, tls);
	return 0;
}

void http_tls_free(struct http_tls **tls_in)
{
	struct http_tls *tls = *tls_in;
	struct pair *pair;

	if (tls == NULL)
		return;
	atomic_store(&open_tls, NULL);
	pair = atomic_load(&tls->now);
	while (pair != NULL) {
		struct pair *before = pair->before;

		free_pair(&pair);
		pair = before;
	}
	free(tls->cert_path);
	free(tls->key_path);
	free(tls);
	*tls_in = NULL;
}

/* Those that nobody can be shaking hands with any more. */
static void forget_old(struct pair *now, int64_t now_ms)
{
	struct pair **at = &now->before;

	while (*at != NULL) {
		struct pair *old = *at;

		if (now_ms - old->left_ms < KEEP_MS) {
			at = &old->before;
			continue;
		}
		*at = old->before;
		free_pair(&old);
	}
}

static void take_place(struct http_tls *tls, struct pair *pair, int64_t now_ms)
{
	pair->before = atomic_load(&tls->now);
	pair->before->left_ms = now_ms;
	atomic_store(&tls->now, pair);
	forget_old(pair, now_ms);
}

int http_tls_refresh(struct http_tls *tls, struct err *err)
{
	int64_t now_ms = clock_monotonic_ms(tls->clock);
	struct mark cert, key;
	struct pair *pair = NULL;

	if (now_ms - tls->looked_ms < LOOK_MS)
		return 0;
	tls->looked_ms = now_ms;
	cert = mark_of(tls->cert_path);
	key = mark_of(tls->key_path);
	if (is_same(&cert, &tls->cert) && is_same(&key, &tls->key)) {
		tls->odd_since_ms = 0;
		return 0;
	}
	if (read_pair(tls, &pair, err) == 0) {
		tls->cert = cert;
		tls->key = key;
		tls->odd_since_ms = 0;
		tls->told = false;
		take_place(tls, pair, now_ms);
		return 1;
	}
	if (tls->odd_since_ms == 0)
		tls->odd_since_ms = now_ms;
	if (tls->told || now_ms - tls->odd_since_ms < PATIENCE_MS)
		return 0;
	tls->told = true;
	return err->class;
}

int http_tls_choose(gnutls_session_t session, const gnutls_datum_t *authorities,
                    int authority_count, const gnutls_pk_algorithm_t *keys,
                    int key_count, gnutls_pcert_st **certs,
                    unsigned int *cert_count, gnutls_privkey_t *key)
{
	struct http_tls *tls = atomic_load(&open_tls);
	struct pair *pair = tls != NULL ? atomic_load(&tls->now) : NULL;

	(void)session;
	(void)authorities;
	(void)authority_count;
	(void)keys;
	(void)key_count;
	if (pair == NULL)
		return -1;
	*certs = pair->chain;
	*cert_count = pair->chain_count;
	*key = pair->key;
	return 0;
}
