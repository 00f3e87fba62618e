#include "api/proxy_header.h"

#include <string.h>

#include "base/be.h"
#include "base/network.h"
#include "base/span.h"

/* proxy-protocol.txt of HAProxy, sections 2.1 and 2.2. */
enum {
	V1_SHORTEST = 15, /* "PROXY UNKNOWN" CR LF */
	V1_LONGEST = 107,
	V2_FIXED = 16,
	V2_VERSION = 0x20,
	V2_LOCAL = 0x20,
	V2_PROXY = 0x21,
	V2_TCP4 = 0x11,
	V2_TCP6 = 0x21,
	V2_TCP4_BYTES = 12,
	V2_TCP6_BYTES = 36,
	PORT_MAX = 65535,
};

static const uint8_t v1_mark[] = "PROXY ";
static const uint8_t v2_mark[] = "\r\n\r\n\0\r\nQUIT\n";

static int no_header(struct err *err)
{
	return err_set(err, ERR_PARSE, "no header of the PROXY protocol");
}

/* Do the bytes that are there begin like it? */
static bool begins(const uint8_t *bytes, size_t len, const uint8_t *mark,
                   size_t mark_len)
{
	return memcmp(bytes, mark, len < mark_len ? len : mark_len) == 0;
}

static bool read_port(struct span word, in_port_t *port)
{
	int64_t number;

	if (!span_number(&word, 5, &number) || word.len > 0 ||
	    number > PORT_MAX)
		return false;
	*port = (in_port_t)number;
	return true;
}

/* "TCP4 203.0.113.9 192.0.2.1 56324 443" */
static int read_line(struct span line, struct proxy_header *header,
                     struct err *err)
{
	struct span words[5];
	struct in6_addr ignored;
	in_port_t ignored_port;
	bool is_v4;

	/* what stands behind it means nothing */
	if (span_is(line, "UNKNOWN") || span_starts(line, "UNKNOWN "))
		return 0;
	for (size_t i = 0; i < 5; i++)
		if (span_split(&line, ' ', &words[i]) != (i < 4))
			return no_header(err);
	is_v4 = span_is(words[0], "TCP4");
	if ((!is_v4 && !span_is(words[0], "TCP6")) ||
	    !network_address_read(words[1].at, words[1].len, &header->client) ||
	    !network_address_read(words[2].at, words[2].len, &ignored) ||
	    (is_v4 && !IN6_IS_ADDR_V4MAPPED(&header->client)) ||
	    !read_port(words[3], &header->port) ||
	    !read_port(words[4], &ignored_port))
		return no_header(err);
	header->has_client = true;
	return 0;
}

static int read_v1(const uint8_t *bytes, size_t len,
                   struct proxy_header *header, struct err *err)
{
	const char *text = (const char *)bytes;
	size_t before = sizeof(v1_mark) - 1;

	if (len < V1_SHORTEST)
		return V1_SHORTEST - (int)len;
	if (bytes[len - 1] != '\n' && len < V1_LONGEST)
		return 1;
	if (len > V1_LONGEST || bytes[len - 1] != '\n' ||
	    bytes[len - 2] != '\r')
		return no_header(err);
	return read_line((struct span){text + before, len - before - 2}, header,
	                 err);
}

static int read_v2(const uint8_t *bytes, size_t len,
                   struct proxy_header *header, struct err *err)
{
	const uint8_t *address = bytes + V2_FIXED;
	size_t rest, whole;

	if (len < V2_FIXED)
		return V2_FIXED - (int)len;
	rest = (size_t)be_get(bytes + 14, 2);
	whole = V2_FIXED + rest;
	if (bytes[12] != V2_LOCAL && bytes[12] != V2_PROXY)
		return no_header(err);
	if (whole > PROXY_HEADER_MAX)
		return err_set(err, ERR_LIMIT,
		               "a header of the PROXY protocol of %zu bytes",
		               whole);
	if (len < whole)
		return (int)(whole - len);
	if (bytes[12] == V2_LOCAL)
		return 0;
	if (bytes[13] == V2_TCP4 && rest >= V2_TCP4_BYTES) {
		header->client = (struct in6_addr){
			.s6_addr = {[10] = 0xff, [11] = 0xff}};
		memcpy(header->client.s6_addr + 12, address, 4);
		header->port = (in_port_t)be_get(address + 8, 2);
		header->has_client = true;
	} else if (bytes[13] == V2_TCP6 && rest >= V2_TCP6_BYTES) {
		memcpy(header->client.s6_addr, address, 16);
		header->port = (in_port_t)be_get(address + 32, 2);
		header->has_client = true;
	}
	return 0;
}

int proxy_header_read(const uint8_t *bytes, size_t len,
                      struct proxy_header *header, struct err *err)
{
	*header = (struct proxy_header){.has_client = false};
	if (len == 0)
		return V1_SHORTEST;
	if (begins(bytes, len, v1_mark, sizeof(v1_mark) - 1))
		return read_v1(bytes, len, header, err);
	if (begins(bytes, len, v2_mark, sizeof(v2_mark) - 1))
		return read_v2(bytes, len, header, err);
	return no_header(err);
}
