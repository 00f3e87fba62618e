#include "base/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOPBACK_NET = 127 };

/* Where the text is split: host without brackets, port "" when there is
 * none. */
struct parts {
	char host[ENDPOINT_TEXT];
	const char *port;
};

static bool split(const char *text, struct parts *parts)
{
	const char *end, *colon;

	if (strncmp(text, "inet:", strlen("inet:")) == 0)
		text += strlen("inet:");
	colon = strchr(text, ':');
	if (text[0] == '[') {
		text++;
		end = strchr(text, ']');
		if (end == NULL || (end[1] != ':' && end[1] != '\0'))
			return false;
		colon = end[1] == ':' ? end + 1 : NULL;
	} else {
		if (colon != NULL && strchr(colon + 1, ':') != NULL)
			colon = NULL;
		end = colon != NULL ? colon : text + strlen(text);
	}
	parts->port = colon != NULL ? colon + 1 : "";
	if ((colon != NULL && *parts->port == '\0') ||
	    (size_t)(end - text) >= sizeof(parts->host))
		return false;
	memcpy(parts->host, text, (size_t)(end - text));
	parts->host[end - text] = '\0';
	return true;
}

static bool read_port(const char *text, uint16_t *port)
{
	char *end;
	long number;

	if (*text == '\0')
		return true;
	if (strspn(text, "0123456789") != strlen(text))
		return false;
	number = strtol(text, &end, 10);
	*port = (uint16_t)number;
	return number > 0 && number <= UINT16_MAX;
}

/* getaddrinfo(3) knows what stands behind a "%"; without a name to look up it
 * asks nobody. */
static bool read_v6(const char *host, struct endpoint *endpoint)
{
	const struct addrinfo hints = {
		.ai_family = AF_INET6,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_NUMERICHOST,
	};
	struct addrinfo *found;

	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return false;
	memcpy(&endpoint->address, found->ai_addr, found->ai_addrlen);
	endpoint->len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static bool read_address(const char *host, uint16_t port,
                         struct endpoint *endpoint)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&endpoint->address;

	memset(endpoint, 0, sizeof(*endpoint));
	if (strchr(host, ':') != NULL) {
		if (!read_v6(host, endpoint))
			return false;
		((struct sockaddr_in6 *)&endpoint->address)->sin6_port =
			htons(port);
		return true;
	}
	if (inet_pton(AF_INET, host, &v4->sin_addr) != 1)
		return false;
	v4->sin_family = AF_INET;
	v4->sin_port = htons(port);
	endpoint->len = sizeof(*v4);
	return true;
}

int endpoint_parse(const char *text, uint16_t port, struct endpoint *endpoint,
                   struct err *err)
{
	struct parts parts;

	if (!split(text, &parts) || !read_port(parts.port, &port) ||
	    !read_address(parts.host, port, endpoint))
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not an IP address (like "
		               "inet:127.0.0.1:53 or inet:[::1]:53)",
		               text);
	return 0;
}

const char *endpoint_path(const char *text)
{
	return strncmp(text, "unix:", strlen("unix:")) == 0
	               ? text + strlen("unix:")
	               : NULL;
}

const char *endpoint_format(const struct endpoint *endpoint,
                            char out[ENDPOINT_TEXT])
{
	const struct sockaddr *address =
		(const struct sockaddr *)&endpoint->address;
	char host[INET6_ADDRSTRLEN + 1 + NI_MAXSERV], port[8];

	if (getnameinfo(address, endpoint->len, host, sizeof(host), port,
	                sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(out, ENDPOINT_TEXT, "?");
	else
		snprintf(out, ENDPOINT_TEXT,
		         address->sa_family == AF_INET6 ? "inet:[%.62s]:%s"
		                                        : "inet:%.64s:%s",
		         host, port);
	return out;
}

bool endpoint_is_loopback(const struct endpoint *endpoint)
{
	const struct sockaddr_in *v4 =
		(const struct sockaddr_in *)&endpoint->address;
	const struct sockaddr_in6 *v6 =
		(const struct sockaddr_in6 *)&endpoint->address;

	if (endpoint->address.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == LOOPBACK_NET;
	return endpoint->address.ss_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}
