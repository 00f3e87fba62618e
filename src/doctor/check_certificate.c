/* Does tlstally-httpd show the certificate that its file has?  It takes a
 * renewed one by itself, but not one that it cannot read, or whose key is
 * another. */
#include "doctor/check.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <gnutls/abstract.h>

#include "base/auto.h"
#include "base/endpoint.h"
#include "base/io.h"
#include "base/network.h"

enum { ANSWER_SECS = 5, PEM_MAX = 1024 * 1024 };

/* The first certificate of the file, in DER. */
static int read_leaf(const char *path, gnutls_pcert_st *leaf, struct err *err)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	gnutls_pcert_st chain[16];
	unsigned count = sizeof(chain) / sizeof(chain[0]);
	gnutls_datum_t pem;
	int rc;

	strbuf_init(&text, PEM_MAX);
	if (io_read_file(path, &text, err) < 0)
		return err->class;
	pem.data = (unsigned char *)text.data;
	pem.size = (unsigned)text.len;
	rc = gnutls_pcert_list_import_x509_raw(chain, &count, &pem,
	                                       GNUTLS_X509_FMT_PEM,
	                                       GNUTLS_X509_CRT_LIST_SORT);
	if (rc < 0)
		return err_set(err, ERR_IO, "%s: %s", path,
		               gnutls_strerror(rc));
	*leaf = chain[0];
	for (unsigned i = 1; i < count; i++)
		gnutls_pcert_deinit(&chain[i]);
	return 0;
}

static int connect_to(const struct endpoint *endpoint, struct err *err)
{
	const struct timeval wait = {.tv_sec = ANSWER_SECS};
	int fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC,
	                0);

	if (fd < 0)
		return err_errno(err, ERR_IO, "socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (const struct sockaddr *)&endpoint->address,
	            endpoint->len) == 0)
		return fd;
	err_errno(err, ERR_IO, "connect");
	close(fd);
	return err->class;
}

/* As a proxy of whom it expects to say so, we bring ourselves. */
static void introduce(const struct conf *conf, int fd)
{
	static const char words[] = "PROXY UNKNOWN\r\n";
	auto_(network_list_clear) struct network_list proxies = {0};
	struct sockaddr_storage own = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(own);
	struct in6_addr address;
	struct err ignored;

	if (conf->http.proxy_header != CONF_PROXY_PROTOCOL ||
	    getsockname(fd, (struct sockaddr *)&own, &len) < 0 ||
	    !network_address_of((const struct sockaddr *)&own, &address))
		return;
	for (size_t i = 0; i < conf->http.trusted_proxies.count; i++)
		network_list_add(&proxies, conf->http.trusted_proxies.items[i],
		                 &ignored);
	if (network_list_holds(&proxies, &address))
		send(fd, words, sizeof(words) - 1, MSG_NOSIGNAL);
}

/* 1: it shows that certificate, 0: another. */
static int shake_hands(int fd, const gnutls_pcert_st *leaf, struct err *err)
{
	gnutls_certificate_credentials_t none;
	gnutls_session_t session;
	const gnutls_datum_t *shown;
	unsigned count = 0;
	int rc;

	if (gnutls_certificate_allocate_credentials(&none) < 0 ||
	    gnutls_init(&session, GNUTLS_CLIENT) < 0)
		return err_set(err, ERR_IO, "TLS cannot be used");
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, none);
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, ANSWER_SECS * 1000);
	do
		rc = gnutls_handshake(session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc < 0) {
		rc = err_set(err, ERR_IO, "%s", gnutls_strerror(rc));
	} else {
		shown = gnutls_certificate_get_peers(session, &count);
		rc = count > 0 && shown[0].size == leaf->cert.size &&
		     memcmp(shown[0].data, leaf->cert.data, shown[0].size) == 0;
	}
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(none);
	return rc;
}

void check_certificate(struct look *look)
{
	const struct conf *conf = look->of->conf;
	const char *path = conf->http.tls_cert;
	struct endpoint endpoint;
	gnutls_pcert_st leaf;
	struct err err = {0};
	int fd, rc;

	if (path[0] == '\0' ||
	    endpoint_parse(conf->http.listen, 0, &endpoint, &err) < 0)
		return;
	if (read_leaf(path, &leaf, &err) < 0) {
		CHECK_TELL(look, CERTIFICATE_UNREADABLE,
		           arena_strdup(look->arena, err.text), path);
		return;
	}
	fd = connect_to(&endpoint, &err);
	rc = fd < 0 ? fd : 0;
	if (fd >= 0) {
		introduce(conf, fd);
		rc = shake_hands(fd, &leaf, &err);
		close(fd);
	}
	gnutls_pcert_deinit(&leaf);
	if (rc < 0)
		CHECK_TELL(look, CERTIFICATE_NOT_SEEN, conf->http.listen,
		           arena_strdup(look->arena, err.text));
	else
		CHECK_TELL(look, rc ? CERTIFICATE_WELL : CERTIFICATE_OTHER,
		           path);
}
