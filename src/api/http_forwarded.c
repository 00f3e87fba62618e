#include "api/http_forwarded.h"

#include <string.h>
#include <strings.h>

#include "base/span.h"

/* Is there a quote, and not \" within a quoted string? */
static bool is_quote(const char *text, size_t at)
{
	size_t slashes = 0;

	while (slashes < at && text[at - 1 - slashes] == '\\')
		slashes++;
	return text[at] == '"' && slashes % 2 == 0;
}

/* Takes the last element off.  Quotes are counted from the end, too: one that
 * a client left open cannot swallow what a proxy has added. */
static struct span last_element(const char *list, size_t *len)
{
	size_t at = *len;
	bool quoted = false;
	struct span element;

	while (at > 0 && (quoted || list[at - 1] != ',')) {
		at--;
		if (is_quote(list, at))
			quoted = !quoted;
	}
	element = (struct span){list + at, *len - at};
	*len = at > 0 ? at - 1 : 0;
	return span_trim(element);
}

static bool is_port(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return len >= 1 && len <= 5;
}

/* "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80" and, where
 * nobody asks for brackets, "2001:db8::1" (RFC 7239 section 6). */
static bool read_node(struct span node, struct in6_addr *out)
{
	const char *end = node.at + node.len;
	const char *close = memchr(node.at, ']', node.len);
	const char *colon = memchr(node.at, ':', node.len);

	if (node.len > 0 && node.at[0] == '[') {
		if (close == NULL ||
		    (close + 1 < end &&
		     (close[1] != ':' ||
		      !is_port(close + 2, (size_t)(end - close - 2)))))
			return false;
		return network_address_read(node.at + 1,
		                            (size_t)(close - node.at - 1), out);
	}
	if (colon != NULL &&
	    memchr(colon + 1, ':', (size_t)(end - colon - 1)) == NULL) {
		if (!is_port(colon + 1, (size_t)(end - colon - 1)))
			return false;
		node.len = (size_t)(colon - node.at);
	}
	return network_address_read(node.at, node.len, out);
}

/* "for" of an element; false: it has none, or two. */
static bool find_for(struct span element, struct span *node)
{
	bool found = false;

	while (element.len > 0) {
		size_t len = 0;
		bool quoted = false;
		struct span pair;

		while (len < element.len &&
		       (quoted || element.at[len] != ';')) {
			if (is_quote(element.at, len))
				quoted = !quoted;
			len++;
		}
		pair = span_trim((struct span){element.at, len});
		len += len < element.len;
		element = (struct span){element.at + len, element.len - len};
		if (pair.len < 4 || strncasecmp(pair.at, "for=", 4) != 0)
			continue;
		if (found)
			return false;
		found = true;
		*node = (struct span){pair.at + 4, pair.len - 4};
	}
	if (found && node->len >= 2 && node->at[0] == '"' &&
	    node->at[node->len - 1] == '"')
		*node = (struct span){node->at + 1, node->len - 2};
	return found;
}

bool http_forwarded_client(enum http_forwarded form, const char *list,
                           const struct network_list *trusted,
                           struct in6_addr *client)
{
	size_t len = strlen(list);
	bool known = false;

	while (len > 0) {
		struct span node = last_element(list, &len);

		if (node.len == 0)
			continue;
		if (form == HTTP_FORWARDED && !find_for(node, &node))
			return false;
		if (!read_node(node, client))
			return false;
		known = true;
		if (!network_list_holds(trusted, client))
			break;
	}
	return known;
}
