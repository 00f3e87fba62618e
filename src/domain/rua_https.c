/* https: URIs as destinations of reports (RFC 8460 section 3). */
#include "domain/rua_read.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/auto.h"
#include "base/uri.h"

enum { HTTPS_PORT = 443, PORT_DIGITS = 5 };

/* "" or ":" or ":PORT" */
static int read_port(const struct rua_parse *parse, const char *text,
                     size_t len)
{
	unsigned long port = 0;

	parse->rua->port = HTTPS_PORT;
	if (len > 0 && text[0] != ':')
		return rua_refuse(parse, ERR_PARSE,
		                  "unexpected text after the ]");
	if (len <= 1)
		return 0;
	for (size_t i = 1; i < len && i <= PORT_DIGITS; i++) {
		if (text[i] < '0' || text[i] > '9')
			return rua_refuse(parse, ERR_PARSE, "no port number");
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	if (len - 1 > PORT_DIGITS || port == 0 || port > UINT16_MAX)
		return rua_refuse(parse, ERR_PARSE, "no port number");
	parse->rua->port = (uint16_t)port;
	return 0;
}

/* What stands between the brackets */
static int read_ipv6(const struct rua_parse *parse, const char *text,
                     size_t len)
{
	char literal[INET6_ADDRSTRLEN];

	if (len < sizeof(literal) && memchr(text, ':', len) != NULL) {
		memcpy(literal, text, len);
		literal[len] = '\0';
		if (domain_ip_canonical(literal, parse->rua->host))
			return 0;
	}
	return rua_refuse(parse, ERR_PARSE, "no IPv6 address in the brackets");
}

/* A name, of which every byte may be escaped, or an IPv4 address. */
static int read_name_or_ipv4(const struct rua_parse *parse, const char *text,
                             size_t len)
{
	auto_(strbuf_clear) struct strbuf name;

	strbuf_init(&name, RUA_URI_MAX);
	uri_decode(text, len, &name);
	if (name.len == 0)
		return rua_refuse(parse, ERR_PARSE, "no host");
	if (memchr(name.data, '\0', name.len) == NULL &&
	    memchr(name.data, ':', name.len) == NULL &&
	    domain_ip_canonical(name.data, parse->rua->host))
		return 0;
	return rua_read_host(parse, name.data, name.len);
}

/* "host", "host:port", "[address]:port" */
static int read_authority(const struct rua_parse *parse, const char *text,
                          size_t len)
{
	const char *end;
	size_t host_len;
	int rc;

	if (memchr(text, '@', len) != NULL)
		return rua_refuse(parse, ERR_PARSE, "a user name or password");
	if (len > 0 && text[0] == '[') {
		end = memchr(text, ']', len);
		if (end == NULL)
			return rua_refuse(parse, ERR_PARSE, "a [ without a ]");
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
static int keep_https(const struct rua_parse *parse, const char *path,
                      size_t len)
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
	return rua_keep_uri(parse, &uri);
}

int rua_read_https(const struct rua_parse *parse, const char *rest, size_t len)
{
	size_t authority_len = 0;
	int rc;

	if (len < 2 || rest[0] != '/' || rest[1] != '/')
		return rua_refuse(parse, ERR_PARSE, "no // after the scheme");
	if (memchr(rest, '#', len) != NULL)
		return rua_refuse(parse, ERR_PARSE, "a fragment");
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
		return rua_refuse(parse, ERR_PARSE,
		                  "a bracket outside of the host");
	return keep_https(parse, rest, len);
}
