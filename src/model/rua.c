#include "model/rua.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "model/uri.h"

enum {
	LOCAL_PART_MAX = 64, /* RFC 5321 section 4.5.3.1.1 */
	HTTPS_PORT = 443,
	PORT_DIGITS = 5,
	SHOWN = 80, /* bytes of a bad URI in an error: a note must hold both */
};

/* What is being read: the whole of it for the error, and where it goes. */
struct parse {
	const char *text;
	size_t len;
	struct rua *rua;
	struct err *err;
};

/* "rua: no scheme in 'noscheme'" */
static int refuse(const struct parse *parse, int class, const char *what)
{
	char shown[SHOWN];

	log_escape(shown, sizeof(shown), parse->text, parse->len);
	return err_set(parse->err, class, "rua: %s in '%s%s'", what, shown,
	               parse->len >= sizeof(shown) ? "..." : "");
}

/* The canonical text, unless it grew too long on its way. */
static int keep_uri(const struct parse *parse, const struct strbuf *uri)
{
	if (uri->failed)
		return refuse(parse, ERR_LIMIT, "more than 2048 bytes");
	memcpy(parse->rua->uri, strbuf_text(uri), uri->len + 1);
	return 0;
}

/* "1.2.3", "127.0x1": C libraries and curl make an IPv4 address of a name
 * that ends in a number, so what is not written as one is refused. */
static bool ends_in_hex_number(const char *name)
{
	const char *last = strrchr(name, '.') + 1;

	return last[0] == '0' && last[1] == 'x' &&
	       last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
}

/* Bytes right of an @ or of "https://" to a host name in rua->host. */
static int read_host_name(const struct parse *parse, const char *name,
                          size_t len)
{
	char *host = parse->rua->host;
	struct err why = {0};
	int rc = domain_canonical(name, len, host, &why);

	if (rc != 0) {
		/* the bad name alone says more than the URI around it */
		err_set(parse->err, rc, "rua: %s", why.text);
		return rc;
	}
	if (strchr(host, '_') != NULL)
		return refuse(parse, ERR_PARSE, "an underscore in a host name");
	if (!domain_is_host(host) || ends_in_hex_number(host))
		return refuse(parse, ERR_PARSE, "no complete host name");
	return 0;
}

/* RFC 5322 section 3.2.3 */
static bool is_atext(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_dot_atom(const char *text, size_t len)
{
	bool after_dot = true;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' ? after_dot : !is_atext(text[i]))
			return false;
		after_dot = text[i] == '.';
	}
	return !after_dot;
}

static bool has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return true;
	return false;
}

static bool has_non_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return true;
	return false;
}

/* NULL, or why the decoded address cannot be ours; local_len bytes of it
 * stand left of the first @. */
static const char *address_fault(const char *address, size_t len,
                                 size_t local_len)
{
	if (len == 0)
		return "no mail address";
	if (has_control(address, len))
		return "a control character in the mail address";
	if (memchr(address, ',', len) != NULL)
		return "more than one mail address";
	if (local_len == len)
		return "no @ in the mail address";
	if (has_non_ascii(address, local_len))
		return "a local part that needs SMTPUTF8 (not supported)";
	if (!is_dot_atom(address, local_len))
		return "a local part that is no dot-atom";
	if (local_len + 1 < len && address[local_len + 1] == '[')
		return "an address literal instead of a mail domain";
	return NULL;
}

/* The decoded address is all that counts: a URI is made of it anew, so that
 * however an address was escaped, its URI is the same. */
static int read_address(const struct parse *parse, const char *address,
                        size_t len)
{
	auto_(strbuf_clear) struct strbuf uri;
	const char *at = len > 0 ? memchr(address, '@', len) : NULL;
	size_t local_len = at != NULL ? (size_t)(at - address) : len;
	const char *fault = address_fault(address, len, local_len);
	struct rua *rua = parse->rua;
	int rc;

	strbuf_init(&uri, RUA_URI_MAX);
	if (fault != NULL)
		return refuse(parse, ERR_PARSE, fault);
	if (local_len > LOCAL_PART_MAX)
		return refuse(parse, ERR_LIMIT, "a local part over 64 bytes");
	rc = read_host_name(parse, at + 1, len - local_len - 1);
	if (rc != 0)
		return rc;
	rua->kind = RUA_MAIL;
	snprintf(rua->address, sizeof(rua->address), "%.*s@%s", (int)local_len,
	         address, rua->host);
	strbuf_puts(&uri, "mailto:");
	/* RFC 6068 section 2: these may stand raw; "!" may not in a record */
	uri_encode(address, local_len, "$'*+", &uri);
	strbuf_printf(&uri, "@%s", rua->host);
	return keep_uri(parse, &uri);
}

static int parse_mailto(const struct parse *parse, const char *rest, size_t len)
{
	auto_(strbuf_clear) struct strbuf address;
	const char *fields = memchr(rest, '?', len);

	strbuf_init(&address, RUA_URI_MAX);
	if (memchr(rest, '#', len) != NULL)
		return refuse(parse, ERR_PARSE, "a fragment");
	uri_decode(rest, fields != NULL ? (size_t)(fields - rest) : len,
	           &address);
	return read_address(parse, strbuf_text(&address), address.len);
}

/* "" or ":" or ":PORT" */
static int read_port(const struct parse *parse, const char *text, size_t len)
{
	unsigned long port = 0;

	parse->rua->port = HTTPS_PORT;
	if (len > 0 && text[0] != ':')
		return refuse(parse, ERR_PARSE, "something behind the ]");
	if (len <= 1)
		return 0;
	for (size_t i = 1; i < len && i <= PORT_DIGITS; i++) {
		if (text[i] < '0' || text[i] > '9')
			return refuse(parse, ERR_PARSE, "no port number");
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	if (len - 1 > PORT_DIGITS || port == 0 || port > UINT16_MAX)
		return refuse(parse, ERR_PARSE, "no port number");
	parse->rua->port = (uint16_t)port;
	return 0;
}

/* What stands between the brackets */
static int read_ipv6(const struct parse *parse, const char *text, size_t len)
{
	char literal[INET6_ADDRSTRLEN];

	if (len < sizeof(literal) && memchr(text, ':', len) != NULL) {
		memcpy(literal, text, len);
		literal[len] = '\0';
		if (ip_canonical(literal, parse->rua->host))
			return 0;
	}
	return refuse(parse, ERR_PARSE, "no IPv6 address between the brackets");
}

/* A name, of which every byte may be escaped, or an IPv4 address. */
static int read_name_or_ipv4(const struct parse *parse, const char *text,
                             size_t len)
{
	auto_(strbuf_clear) struct strbuf name;

	strbuf_init(&name, RUA_URI_MAX);
	uri_decode(text, len, &name);
	if (name.len == 0)
		return refuse(parse, ERR_PARSE, "no host");
	if (memchr(name.data, '\0', name.len) == NULL &&
	    memchr(name.data, ':', name.len) == NULL &&
	    ip_canonical(name.data, parse->rua->host))
		return 0;
	return read_host_name(parse, name.data, name.len);
}

/* "host", "host:port", "[address]:port" */
static int read_authority(const struct parse *parse, const char *text,
                          size_t len)
{
	const char *end;
	size_t host_len;
	int rc;

	if (memchr(text, '@', len) != NULL)
		return refuse(parse, ERR_PARSE, "user information");
	if (len > 0 && text[0] == '[') {
		end = memchr(text, ']', len);
		if (end == NULL)
			return refuse(parse, ERR_PARSE, "a [ without its ]");
		host_len = (size_t)(end - text) + 1;
		rc = read_ipv6(parse, text + 1, host_len - 2);
	} else {
		end = memchr(text, ':', len);
		host_len = end != NULL ? (size_t)(end - text) : len;
		rc = read_name_or_ipv4(parse, text, host_len);
	}
	if (rc != 0)
		return rc;
	return read_port(parse, text + host_len, len - host_len);
}

/* The authority was read; path is the rest, "" or "/..." or "?...". */
static int keep_https(const struct parse *parse, const char *path, size_t len)
{
	auto_(strbuf_clear) struct strbuf uri;
	struct rua *rua = parse->rua;
	bool ipv6 = strchr(rua->host, ':') != NULL;

	strbuf_init(&uri, RUA_URI_MAX);
	strbuf_printf(&uri, "https://%s%s%s", ipv6 ? "[" : "", rua->host,
	              ipv6 ? "]" : "");
	if (rua->port != HTTPS_PORT)
		strbuf_printf(&uri, ":%u", rua->port);
	if (len == 0 || path[0] != '/')
		strbuf_putc(&uri, '/');
	uri_normalize(path, len, &uri);
	rua->kind = RUA_HTTPS;
	return keep_uri(parse, &uri);
}

static int parse_https(const struct parse *parse, const char *rest, size_t len)
{
	size_t authority_len = 0;
	int rc;

	if (len < 2 || rest[0] != '/' || rest[1] != '/')
		return refuse(parse, ERR_PARSE, "no // after the scheme");
	if (memchr(rest, '#', len) != NULL)
		return refuse(parse, ERR_PARSE, "a fragment");
	rest += 2;
	len -= 2;
	while (authority_len < len && rest[authority_len] != '/' &&
	       rest[authority_len] != '?')
		authority_len++;
	rc = read_authority(parse, rest, authority_len);
	if (rc != 0)
		return rc;
	rest += authority_len;
	len -= authority_len;
	if (memchr(rest, '[', len) != NULL || memchr(rest, ']', len) != NULL)
		return refuse(parse, ERR_PARSE, "a bracket outside the host");
	return keep_https(parse, rest, len);
}

static const struct scheme {
	const char *name;
	int (*parse)(const struct parse *parse, const char *rest, size_t len);
} schemes[] = {
	{"mailto", parse_mailto},
	{"https", parse_https},
};

static int parse_scheme(const struct parse *parse)
{
	size_t len = uri_scheme_len(parse->text, parse->len);

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strlen(schemes[i].name) == len &&
		    strncasecmp(schemes[i].name, parse->text, len) == 0)
			return schemes[i].parse(parse, parse->text + len + 1,
			                        parse->len - len - 1);
	return refuse(parse, ERR_NOTFOUND,
	              "a scheme other than mailto and https");
}

/* RFC 8460 section 3: these must be escaped, whatever RFC 3986 allows. */
static const char *raw_delimiter(const char *text, size_t len)
{
	static const struct {
		char c;
		const char *what;
	} rows[] = {
		{'!', "a raw '!' (which must be %21)"},
		{',', "a raw ',' (which must be %2C)"},
		{';', "a raw ';' (which must be %3B)"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (memchr(text, rows[i].c, len) != NULL)
			return rows[i].what;
	return NULL;
}

static int parse_uri(const struct parse *parse)
{
	const char *fault;

	if (parse->len > RUA_URI_MAX)
		return refuse(parse, ERR_LIMIT, "more than 2048 bytes");
	fault = uri_fault(parse->text, parse->len);
	if (fault == NULL)
		fault = raw_delimiter(parse->text, parse->len);
	if (fault != NULL)
		return refuse(parse, ERR_PARSE, fault);
	return parse_scheme(parse);
}

/* Whoever forgets to look at the result finds no half of a destination. */
static int done(struct rua *rua, int rc)
{
	if (rc != 0)
		memset(rua, 0, sizeof(*rua));
	return rc;
}

int rua_parse(const char *text, size_t len, struct rua *rua, struct err *err)
{
	const struct parse parse = {text, len, rua, err};

	memset(rua, 0, sizeof(*rua));
	return done(rua, parse_uri(&parse));
}

int rua_from_address(const char *text, size_t len, struct rua *rua,
                     struct err *err)
{
	const struct parse parse = {text, len, rua, err};

	memset(rua, 0, sizeof(*rua));
	return done(rua, read_address(&parse, text, len));
}

int rua_from_directory(const char *path, struct rua *rua, struct err *err)
{
	static const char scheme[] = "directory:";
	size_t skip =
		strncmp(path, scheme, strlen(scheme)) == 0 ? strlen(scheme) : 0;
	size_t len = strlen(path + skip);
	const struct parse parse = {path, strlen(path), rua, err};

	memset(rua, 0, sizeof(*rua));
	if (path[skip] != '/')
		return refuse(&parse, ERR_PARSE, "no absolute path");
	if (has_control(path + skip, len))
		return refuse(&parse, ERR_PARSE, "a control character");
	while (len > 1 && path[skip + len - 1] == '/')
		len--;
	if (strlen(scheme) + len > RUA_URI_MAX)
		return refuse(&parse, ERR_LIMIT, "more than 2048 bytes");
	rua->kind = RUA_DIRECTORY;
	snprintf(rua->uri, sizeof(rua->uri), "%s%.*s", scheme, (int)len,
	         path + skip);
	return 0;
}
