#include "base/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { V4_BYTES = 4, V6_BYTES = 16 };

/* The first row that fits is the one that is named: narrow before wide. */
static const struct address_range ranges[] = {
	{"0.0.0.0", 8, "unspecified", "RFC 791", 0, false},
	{"10.0.0.0", 8, "private", "RFC 1918", 0, false},
	{"100.64.0.0", 10, "shared by a carrier's NAT", "RFC 6598", 0, false},
	{"127.0.0.0", 8, "loopback", "RFC 1122", 0, false},
	{"169.254.0.0", 16, "link-local", "RFC 3927", 0, false},
	{"172.16.0.0", 12, "private", "RFC 1918", 0, false},
	{"192.0.0.0", 24, "for protocols", "RFC 6890", 0, false},
	{"192.0.2.0", 24, "for documentation", "RFC 5737", 0, false},
	{"192.88.99.0", 24, "a 6to4 relay", "RFC 7526", 0, false},
	{"192.168.0.0", 16, "private", "RFC 1918", 0, false},
	{"198.18.0.0", 15, "for benchmarks", "RFC 2544", 0, false},
	{"198.51.100.0", 24, "for documentation", "RFC 5737", 0, false},
	{"203.0.113.0", 24, "for documentation", "RFC 5737", 0, false},
	{"224.0.0.0", 4, "multicast", "RFC 5771", 0, false},
	{"255.255.255.255", 32, "broadcast", "RFC 919", 0, false},
	{"240.0.0.0", 4, "reserved", "RFC 1112", 0, false},

	{"::", 128, "unspecified", "RFC 4291", 0, false},
	{"::1", 128, "loopback", "RFC 4291", 0, false},
	{"::", 96, "IPv4-compatible", "RFC 4291", 0, false},
	{"::ffff:0:0", 96, "IPv4-mapped", "RFC 4291", 12, false},
	/* an IPv6-only host behind DNS64 reaches all of IPv4 through these */
	{"64:ff9b::", 96, "NAT64", "RFC 6052", 12, false},
	{"64:ff9b:1::", 48, "local NAT64", "RFC 8215", 0, false},
	{"100::", 64, "discarded", "RFC 6666", 0, false},
	{"2001::", 32, "Teredo", "RFC 4380", 4, false},
	{"2001::", 32, "Teredo", "RFC 4380", 12, true},
	{"2001:2::", 48, "for benchmarks", "RFC 5180", 0, false},
	{"2001:10::", 28, "a hash of a key", "RFC 4843", 0, false},
	{"2001:20::", 28, "a hash of a key", "RFC 7343", 0, false},
	{"2001:db8::", 32, "for documentation", "RFC 3849", 0, false},
	{"2002::", 16, "6to4", "RFC 3056", 2, false},
	{"3fff::", 20, "for documentation", "RFC 9637", 0, false},
	{"5f00::", 16, "a segment identifier", "RFC 9602", 0, false},
	{"fc00::", 7, "private", "RFC 4193", 0, false},
	{"fe80::", 10, "link-local", "RFC 4291", 0, false},
	{"fec0::", 10, "site-local", "RFC 3879", 0, false},
	{"ff00::", 8, "multicast", "RFC 4291", 0, false},
};

static const struct address_range unknown_family = {
	"", 0, "of an unknown family", "not IP", 0, false,
};

struct address_guard {
	bool allow_private;
	struct ifaddrs *own;
};

const struct address_range *address_ranges(size_t *count)
{
	*count = sizeof(ranges) / sizeof(ranges[0]);
	return ranges;
}

/* The bytes of an address and how many; 0 for neither IPv4 nor IPv6. */
static size_t address_bytes(const struct sockaddr *address,
                            uint8_t bytes[V6_BYTES])
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, address, sizeof(v4));
		memcpy(bytes, &v4.sin_addr, V4_BYTES);
		return V4_BYTES;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, address, sizeof(v6));
		memcpy(bytes, &v6.sin6_addr, V6_BYTES);
		return V6_BYTES;
	}
	return 0;
}

static bool range_holds(const struct address_range *range, const uint8_t *bytes,
                        size_t len)
{
	bool is_v6 = strchr(range->prefix, ':') != NULL;
	unsigned whole = range->bits / 8, rest = range->bits % 8;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));
	uint8_t prefix[V6_BYTES];

	if (is_v6 != (len == V6_BYTES))
		return false;
	inet_pton(is_v6 ? AF_INET6 : AF_INET, range->prefix, prefix);
	return memcmp(bytes, prefix, whole) == 0 &&
	       (rest == 0 || (bytes[whole] & mask) == (prefix[whole] & mask));
}

/* The IPv4 address inside an IPv6 one of the row. */
static void inner_address(const struct address_range *range,
                          const uint8_t bytes[V6_BYTES],
                          uint8_t inner[V4_BYTES])
{
	for (size_t i = 0; i < V4_BYTES; i++)
		inner[i] = bytes[range->inner_at + i] ^
		           (range->inner_inverted ? 0xff : 0);
}

static const struct address_range *find_range(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct address_range *range = &ranges[i];
		uint8_t inner[V4_BYTES];

		if (!range_holds(range, bytes, len))
			continue;
		if (range->inner_at == 0)
			return range;
		inner_address(range, bytes, inner);
		if (find_range(inner, V4_BYTES) != NULL)
			return range;
	}
	return NULL;
}

const struct address_range *address_special(const struct sockaddr *address)
{
	uint8_t bytes[V6_BYTES];
	size_t len = address_bytes(address, bytes);

	return len == 0 ? &unknown_family : find_range(bytes, len);
}

struct address_guard *address_guard_new(bool allow_private, struct err *err)
{
	struct address_guard *guard = xcalloc(1, sizeof(*guard));

	guard->allow_private = allow_private;
	if (getifaddrs(&guard->own) < 0) {
		err_errno(
			err, ERR_IO,
			"cannot read the addresses of this host's interfaces");
		address_guard_free(&guard);
	}
	return guard;
}

void address_guard_free(struct address_guard **guard)
{
	if (*guard == NULL)
		return;
	freeifaddrs((*guard)->own);
	free(*guard);
	*guard = NULL;
}

static bool is_interface(const struct address_guard *guard,
                         const uint8_t *bytes, size_t len)
{
	uint8_t ours[V6_BYTES];

	for (const struct ifaddrs *i = guard->own; i != NULL; i = i->ifa_next)
		if (i->ifa_addr != NULL &&
		    address_bytes(i->ifa_addr, ours) == len &&
		    memcmp(bytes, ours, len) == 0)
			return true;
	return false;
}

bool address_guard_is_own(const struct address_guard *guard,
                          const struct sockaddr *address)
{
	uint8_t bytes[V6_BYTES] = {0}, inner[V4_BYTES];
	size_t len = address_bytes(address, bytes);

	if (is_interface(guard, bytes, len))
		return true;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (ranges[i].inner_at == 0 ||
		    !range_holds(&ranges[i], bytes, len))
			continue;
		inner_address(&ranges[i], bytes, inner);
		if (is_interface(guard, inner, V4_BYTES))
			return true;
	}
	return false;
}

bool address_guard_allows(const struct address_guard *guard,
                          const struct sockaddr *address, char *why,
                          size_t room)
{
	const struct address_range *range = address_special(address);
	char text[INET6_ADDRSTRLEN] = "";
	uint8_t bytes[V6_BYTES];

	if (guard->allow_private ||
	    (range == NULL && !address_guard_is_own(guard, address)))
		return true;
	if (address_bytes(address, bytes) != 0)
		inet_ntop(address->sa_family, bytes, text, sizeof(text));
	if (range != NULL)
		snprintf(why, room, "address %s is %s (%s)", text, range->what,
		         range->source);
	else
		snprintf(why, room, "address %s is an address of this host",
		         text);
	return false;
}
