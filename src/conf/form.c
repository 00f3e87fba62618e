#include "conf/form.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/auto.h"
#include "base/domain.h"
#include "base/endpoint.h"
#include "base/network.h"
#include "base/span.h"
#include "base/strbuf.h"
#include "base/uri.h"
#include "base/xalloc.h"
#include "conf/list_item.h"

enum {
	LOCAL_LONG = 64,   /* RFC 5321 section 4.5.3.1.1 */
	DOMAIN_LONG = 253, /* RFC 1035 section 2.3.4, written */
	LABEL_LONG = 63,
	USER_LONG = 32, /* useradd(8) */
	SUN_PATH = 107, /* of sockaddr_un, without the NUL (unix(7)) */
};

static bool is_label(const char *s, size_t len)
{
	if (len == 0 || len > LABEL_LONG || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!ascii_is_alnum(s[i]) && s[i] != '-')
			return false;
	return true;
}

static bool is_host(const char *s)
{
	if (strlen(s) > DOMAIN_LONG)
		return false;
	for (;;) {
		size_t len = strcspn(s, ".");

		if (!is_label(s, len))
			return false;
		if (s[len] == '\0')
			return true;
		s += len + 1;
	}
}

static int check_domain(const char *domain, struct err *err)
{
	if (is_host(domain) && strchr(domain, '.') != NULL)
		return 0;
	return err_set(err, ERR_PARSE,
	               "'%.80s' is not a domain (like example.com; an "
	               "internationalized domain as xn--...)",
	               domain);
}

int form_address(const char *text, struct err *err)
{
	size_t local = span_dot_atom(span_of(text));

	if (local == 0 || local > LOCAL_LONG || text[local] != '@')
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not a mail address (like "
		               "tls-reports@example.com)",
		               text);
	return check_domain(text + local + 1, err);
}

void form_address_tidy(char *text)
{
	char *at = strrchr(text, '@');

	for (char *p = at != NULL ? at : text; *p != '\0'; p++)
		*p = ascii_lower(*p);
}

int form_deny(const char *text, struct err *err)
{
	struct list_item item;

	if (list_item_parse(text, &item, err) < 0)
		return err->class;
	if (item.has_arrow)
		return err_set(err, ERR_PARSE, "'%.80s': nothing may follow",
		               text);
	return 0;
}

/* The end of it is the receiver's business; that it is a URI of a kind that
 * can be delivered to is ours. */
static int check_https(const char *uri, struct err *err)
{
	const char *rest = uri + strlen("https://");
	size_t len = strcspn(rest, "/:?#");
	auto_(xfree_str) char *host = xstrndup(rest, len);

	for (const char *p = uri; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return err_set(
				err, ERR_PARSE,
				"'%.80s': a URI must be ASCII without spaces",
				uri);
	return check_domain(host, err);
}

int form_destination(const char *text, struct err *err)
{
	const char *scheme = strchr(text, '@') != NULL ? "mailto:" : "https://";

	if (strncmp(text, "mailto:", strlen("mailto:")) == 0)
		return form_address(text + strlen("mailto:"), err);
	if (strncmp(text, "https://", strlen("https://")) == 0)
		return check_https(text, err);
	if (strstr(text, ":/") == NULL && strchr(text, '.') != NULL)
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not a mailto: or https: URI (like "
		               "%s%.80s)",
		               text, scheme, text);
	return err_set(err, ERR_PARSE, "'%.80s' is not a mailto: or https: URI",
	               text);
}

int form_redirect(const char *text, struct err *err)
{
	struct list_item item;
	struct span target;
	int rc = list_item_parse(text, &item, err);

	if ((!item.has_arrow && !item.except) || strncmp(text, "->", 2) == 0)
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not of the form 'what -> URI'",
		               text);
	if (rc == 0 && item.has_arrow && item.except)
		return err_set(err, ERR_PARSE,
		               "'%.80s': what begins with ! goes nowhere else",
		               text);
	if (rc == 0 && item.has_arrow && item.targets.len == 0)
		return err_set(err, ERR_PARSE, "'%.80s': no URI follows ->",
		               text);
	while (rc == 0 && list_item_target(&item.targets, &target)) {
		auto_(xfree_str) char *uri = xstrndup(target.at, target.len);

		rc = form_destination(uri, err);
	}
	return rc;
}

static bool is_port(const char *s)
{
	size_t len = strspn(s, "0123456789");
	long port = strtol(s, NULL, 10);

	return len > 0 && len <= 5 && s[len] == '\0' && port >= 1 &&
	       port <= 65535;
}

/* "[2001:db8::1]" up to the closing bracket; NULL when it is none. */
static const char *skip_ipv6(const char *s)
{
	const char *end = strchr(s, ']');
	struct in6_addr ignored;
	auto_(xfree_str) char *address = NULL;

	if (end == NULL)
		return NULL;
	address = xstrndup(s + 1, (size_t)(end - s - 1));
	return inet_pton(AF_INET6, address, &ignored) == 1 ? end + 1 : NULL;
}

static int check_server(const char *text, const char *server, struct err *err)
{
	const char *end = server[0] == '[' ? skip_ipv6(server)
	                                   : server + strcspn(server, ":");
	auto_(xfree_str) char *host = NULL;

	if (end != NULL && server[0] != '[') {
		host = xstrndup(server, (size_t)(end - server));
		if (!is_host(host))
			end = NULL;
	}
	if (end == NULL)
		return err_set(err, ERR_PARSE, "'%.80s': no host name", text);
	if (*end != '\0' && (*end != ':' || !is_port(end + 1)))
		return err_set(err, ERR_PARSE,
		               "'%.80s': only a port (1 to 65535) may follow "
		               "the host name",
		               text);
	return 0;
}

int form_mail(const char *text, struct err *err)
{
	static const char *const schemes[] = {"smtp://", "smtps://"};

	for (size_t i = 0; i < 2; i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			return check_server(text, text + strlen(schemes[i]),
			                    err);
	if (strncmp(text, "sendmail:", strlen("sendmail:")) == 0) {
		if (text[strlen("sendmail:")] == '/')
			return 0;
		return err_set(
			err, ERR_PARSE,
			"'%.80s': the path of the program must begin with /",
			text);
	}
	if (strcmp(text, "off") == 0)
		return 0;
	return err_set(err, ERR_PARSE,
	               "'%.80s' is not one of smtp://HOST, smtps://HOST, "
	               "sendmail:/PATH, off",
	               text);
}

/* `list` is "dane, sts, none". */
static int one_of(const char *list, const char *text, struct err *err)
{
	struct span rest = span_of(list), word;
	bool more;

	do {
		more = span_split(&rest, ',', &word);
		word = span_trim(word);
		if (strlen(text) == word.len &&
		    strncasecmp(text, word.at, word.len) == 0)
			return 0;
	} while (more);
	return err_set(err, ERR_PARSE, "'%.80s' is not one of %s", text, list);
}

int form_enforces(const char *text, struct err *err)
{
	return one_of("dane, sts, none", text, err);
}

int form_level(const char *text, struct err *err)
{
	return one_of("may, encrypt, dane", text, err);
}

int form_loglevel(const char *text, struct err *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-, ";

	if (text[strspn(text, allowed)] == '\0')
		return 0;
	return err_set(err, ERR_PARSE,
	               "'%.80s' is not a value of smtp_tls_loglevel", text);
}

int form_resolver(const char *text, struct err *err)
{
	struct endpoint ignored;

	return endpoint_parse(text, 1, &ignored, err);
}

int form_unix(const char *text, struct err *err)
{
	const char *path = endpoint_path(text);

	if (path == NULL || path[0] != '/')
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not of the form unix:/PATH", text);
	if (strlen(path) > SUN_PATH)
		return err_set(err, ERR_LIMIT,
		               "'%.80s': the path is longer than %d bytes",
		               text, SUN_PATH);
	return 0;
}

int form_socket(const char *text, struct err *err)
{
	const char *host = text + strlen("inet:");

	if (endpoint_path(text) != NULL)
		return form_unix(text, err);
	if (strncmp(text, "inet:", strlen("inet:")) != 0)
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not of the form inet:HOST:PORT or "
		               "unix:/PATH",
		               text);
	if (check_server(text, host, err) < 0)
		return err->class;
	if (host[strcspn(host, host[0] == '[' ? "]" : ":")] == '\0' ||
	    host[strlen(host) - 1] == ']')
		return err_set(err, ERR_PARSE,
		               "'%.80s': no port (like inet:127.0.0.1:8892)",
		               text);
	return 0;
}

int form_listen(const char *text, struct err *err)
{
	struct endpoint ignored;
	int rc = form_socket(text, err);

	return rc < 0 || endpoint_path(text) != NULL
	               ? rc
	               : endpoint_parse(text, 0, &ignored, err);
}

int form_inet(const char *text, struct err *err)
{
	if (endpoint_path(text) != NULL)
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not inet:ADDRESS:PORT", text);
	return form_listen(text, err);
}

/* What stands before and behind a character; of v6 in brackets. */
static char *inet_today(const char *host, size_t host_len, const char *port,
                        size_t port_len)
{
	bool v6 = memchr(host, ':', host_len) != NULL;

	return xasprintf("inet:%s%.*s%s%s%.*s", v6 ? "[" : "", (int)host_len,
	                 host, v6 ? "]" : "", port_len > 0 ? ":" : "",
	                 (int)port_len, port);
}

char *form_socket_today(const char *text)
{
	const char *colon = strchr(text, ':');
	bool libmilter = strncmp(text, "inet:", strlen("inet:")) == 0 ||
	                 strncmp(text, "inet6:", strlen("inet6:")) == 0;
	const char *rest = libmilter ? colon + 1 : text;
	const char *at = strchr(rest, '@');
	size_t before = strcspn(rest, "@");

	if (text[0] == '/')
		return xasprintf("unix:%s", text);
	if (strncmp(text, "local:", strlen("local:")) == 0)
		return xasprintf("unix:%s", colon + 1);
	if (text[0] == '\0' || endpoint_path(text) != NULL)
		return NULL;
	if (at != NULL)
		return libmilter ? inet_today(at + 1, strlen(at + 1), rest,
		                              before)
		                 : inet_today(rest, before, at + 1,
		                              strlen(at + 1));
	if (libmilter)
		return NULL;
	if (text[0] != '[' && colon != NULL && strchr(colon + 1, ':') != NULL)
		return inet_today(text, strlen(text), "", 0);
	return xasprintf("inet:%s", text);
}

int form_mailer(const char *text, struct err *err)
{
	for (const char *p = text; *p != '\0'; p++)
		if (!ascii_is_alnum(*p) && strchr("._-", *p) == NULL)
			return err_set(
				err, ERR_PARSE,
				"'%.80s' is not the name of a transport in "
				"Postfix's master.cf",
				text);
	return 0;
}

/* Segments of unreserved characters (RFC 3986 section 2.3), none of which
 * leads back; a slash may be the last. */
static bool is_path(const char *path)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "abcdefghijklmnopqrstuvwxyz"
					 "0123456789-._~";

	while (*path != '\0') {
		size_t len = strspn(path + 1, unreserved);
		bool dots = len == strspn(path + 1, ".") && len <= 2;

		if (*path != '/' || (dots && (len > 0 || path[1] != '\0')))
			return false;
		path += 1 + len;
	}
	return true;
}

int form_url(const char *text, struct err *err)
{
	static const char *const schemes[] = {"https://", "http://"};

	for (size_t i = 0; i < 2; i++) {
		const char *server = text + strlen(schemes[i]);
		auto_(xfree_str) char *host = NULL;
		size_t len;

		if (strncmp(text, schemes[i], strlen(schemes[i])) != 0)
			continue;
		len = strcspn(server, "/");
		host = xstrndup(server, len);
		if (!is_path(server + len))
			return err_set(err, ERR_PARSE,
			               "'%.80s': a path consists of /, "
			               "letters, digits and -._~",
			               text);
		return check_server(text, host, err);
	}
	return err_set(err, ERR_PARSE,
	               "'%.80s' does not begin with https:// or http://", text);
}

/* What the server itself answers stays its own. */
static bool is_taken(const char *path, size_t len)
{
	static const char *const taken[] = {"/api", "/jmap", "/oauth",
	                                    "/healthz", "/metrics"};

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		size_t n = strlen(taken[i]);

		if (len >= n && strncmp(path, taken[i], n) == 0 &&
		    (len == n || path[n] == '/'))
			return true;
	}
	return false;
}

/* "/PATH", which does not end in a slash, and is free. */
static int check_path(const char *text, size_t len, struct err *err)
{
	for (size_t i = 0; i < len; i++)
		if ((!ascii_is_alnum(text[i]) &&
		     strchr("/_-", text[i]) == NULL) ||
		    (text[i] == '/' && text[i + 1] == '/'))
			return err_set(err, ERR_PARSE,
			               "'%.*s': a path of letters, digits, "
			               "'-', '_' and '/'",
			               (int)(len < 120 ? len : 120), text);
	if (is_taken(text, len))
		return err_set(err, ERR_PARSE,
		               "'%.*s' is a path of the server itself",
		               (int)(len < 120 ? len : 120), text);
	return 0;
}

int form_static(const char *text, struct err *err)
{
	size_t len = strcspn(text, " ");
	const char *directory = text + len + strspn(text + len, " ");

	if (text[0] != '/' || len < 2 || text[len - 1] == '/' ||
	    directory[0] != '/')
		return err_set(err, ERR_PARSE,
		               "'%.120s' is not of the form '/PATH "
		               "/DIRECTORY'",
		               text);
	return check_path(text, len, err);
}

int form_post_path(const char *text, struct err *err)
{
	size_t len = strlen(text);

	if (text[0] != '/' || len < 2 || text[len - 1] == '/')
		return err_set(err, ERR_PARSE,
		               "'%.120s' is not a path (like /tlsrpt/4f1a)",
		               text);
	return check_path(text, len, err);
}

int form_network(const char *text, struct err *err)
{
	auto_(network_list_clear) struct network_list ignored = {0};

	return network_list_add(&ignored, text, err);
}

int form_user(const char *text, struct err *err)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!ascii_is_alnum(text[i]) && strchr("._-", text[i]) == NULL)
			len = 0;
	if (len == 0 || len > USER_LONG || text[0] == '-')
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not the name of a user or group",
		               text);
	return 0;
}

/* Of the part before the first '/', the user's name may be followed by one, and
 * of the options one may be it. */
static bool has_password(const char *server)
{
	static const char *const secrets[] = {
		"?password=", "&password=",
		/* of the key of a client certificate */
		"?sslpassword=", "&sslpassword="};
	auto_(strbuf_clear) struct strbuf plain = {0};
	size_t authority = strcspn(server, "/?");
	const char *at = memchr(server, '@', authority);
	const char *options = strchr(server, '?');

	if (at != NULL && memchr(server, ':', (size_t)(at - server)) != NULL)
		return true;
	if (options == NULL)
		return false;
	uri_decode(options, strlen(options), &plain);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (strstr(strbuf_text(&plain), secrets[i]) != NULL)
			return true;
	return false;
}

int form_ledger(const char *text, struct err *err)
{
	static const char *const schemes[] = {"postgresql://", "postgres://"};

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(schemes[i]);

		const char *fault = uri_fault(text, strlen(text));

		if (strncmp(text, schemes[i], len) != 0)
			continue;
		if (fault != NULL)
			return err_set(err, ERR_PARSE, "%s", fault);
		if (has_password(text + len))
			return err_set(err, ERR_PARSE,
			               "has a password, which others can read "
			               "there: put it into a password file and "
			               "add passfile=/PATH to the URL");
		return 0;
	}
	return err_set(err, ERR_PARSE,
	               "'%.80s' does not begin with postgresql://", text);
}

int form_host(const char *text, struct err *err)
{
	char canonical[DOMAIN_TEXT];
	struct err why;

	if (domain_canonical(text, strlen(text), canonical, &why) < 0)
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not the name of a "
		               "host: %s",
		               text, why.text);
	return 0;
}
