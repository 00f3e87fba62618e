/*
 * address - addresses that a name chosen by a stranger must not lead us to
 *
 * A rua is written by a stranger.  "https://reports.example/" may resolve to
 * 127.0.0.1, to a machine of the site's own network or to a cloud's metadata
 * service, and our POST would get in where its author cannot.  So whoever
 * connects to a foreign host (reports by HTTPS, MTA-STS policies) asks here
 * when the socket is opened: after DNS, where no second answer can differ
 * from the first.
 *
 *     auto_(address_guard_free) struct address_guard *guard =
 *             address_guard_new(conf->deliver.https_allow_private, err);
 *
 *     if (!address_guard_allows(guard, sockaddr, why, sizeof(why)))
 *             ... "address 10.0.0.1 is private (RFC 1918)"
 *
 * The ranges are those of the IANA special-purpose address registries
 * (RFC 6890) that are not globally reachable, and the forms in which IPv6
 * carries an IPv4 address of such a range.
 */
#ifndef TLSTALLY_BASE_ADDRESS_H
#define TLSTALLY_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

struct address_range {
	const char *prefix; /* "10.0.0.0", "fc00::" */
	uint8_t bits;
	const char *what; /* "private" */
	const char *source;
	/* 0, or the byte where an IPv4 address stands in this IPv6 one: such
	 * an address is special when the one inside is. */
	uint8_t inner_at;
	bool inner_inverted; /* Teredo hides the client by flipping its bits */
};

/* All rows, for the tests and the manual. */
const struct address_range *address_ranges(size_t *count);

/* The row an address falls in; NULL for one anybody may be sent to.  What is
 * neither IPv4 nor IPv6 falls in the row "of an unknown family". */
const struct address_range *address_special(const struct sockaddr *address);

/* The table and the addresses of our own interfaces, as they were when the
 * guard was made. */
struct address_guard;

struct address_guard *address_guard_new(bool allow_private, struct err *err);
void address_guard_free(struct address_guard **guard);

/* An address of our interfaces, also as the IPv4 address inside an IPv6 one:
 * "::ffff:193.0.6.139" reaches 193.0.6.139. */
bool address_guard_is_own(const struct address_guard *guard,
                          const struct sockaddr *address);

/* When it says no, `why` is one line for people. */
bool address_guard_allows(const struct address_guard *guard,
                          const struct sockaddr *address, char *why,
                          size_t room);

#endif
