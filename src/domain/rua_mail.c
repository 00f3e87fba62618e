/* Mail addresses as destinations of reports (RFC 8460 section 3, RFC 6068). */
#include "domain/rua_read.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/span.h"
#include "base/uri.h"
#include "base/utf8.h"

enum { LOCAL_PART_MAX = 64 /* RFC 5321 section 4.5.3.1.1 */ };

/* NULL, or why the decoded address cannot be ours; local_len bytes of it
 * stand left of the first @. */
static const char *address_fault(const char *address, size_t len,
                                 size_t local_len)
{
	if (len == 0)
		return "no mail address";
	if (rua_has_control(address, len))
		return "a control character in the mail address";
	if (memchr(address, ',', len) != NULL)
		return "more than one mail address";
	if (local_len == len)
		return "no @ in the mail address";
	if (!utf8_is_ascii(address, local_len))
		return "a local part that needs SMTPUTF8 (not supported)";
	if (local_len == 0 ||
	    span_dot_atom((struct span){address, len}) != local_len)
		return "a local part that is not a dot-atom";
	if (local_len + 1 < len && address[local_len + 1] == '[')
		return "an address literal instead of a domain";
	return NULL;
}

/* The decoded address is all that counts: a URI is made of it anew, so that
 * however an address was escaped, its URI is the same. */
int rua_read_address(const struct rua_parse *parse, const char *address,
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
		return rua_refuse(parse, ERR_PARSE, fault);
	if (local_len > LOCAL_PART_MAX)
		return rua_refuse(parse, ERR_LIMIT,
		                  "a local part over 64 bytes");
	rc = rua_read_host(parse, at + 1, len - local_len - 1);
	if (rc != 0)
		return rc;
	rua->kind = RUA_MAIL;
	snprintf(rua->address, sizeof(rua->address), "%.*s@%s", (int)local_len,
	         address, rua->host);
	strbuf_puts(&uri, "mailto:");
	/* RFC 6068 section 2: these may stand raw; "!" may not in a record */
	uri_encode(address, local_len, "$'*+", &uri);
	strbuf_printf(&uri, "@%s", rua->host);
	return rua_keep_uri(parse, &uri);
}

int rua_read_mailto(const struct rua_parse *parse, const char *rest, size_t len)
{
	auto_(strbuf_clear) struct strbuf address;
	const char *fields = memchr(rest, '?', len);

	strbuf_init(&address, RUA_URI_MAX);
	if (memchr(rest, '#', len) != NULL)
		return rua_refuse(parse, ERR_PARSE, "a fragment");
	uri_decode(rest, fields != NULL ? (size_t)(fields - rest) : len,
	           &address);
	return rua_read_address(parse, strbuf_text(&address), address.len);
}
