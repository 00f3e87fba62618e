/*
 * policy_maps - the policy services in smtp_tls_policy_maps
 *
 *     texthash:/etc/postfix/tls_policy,
 *             socketmap:unix:run/tlstally/policyd.sock:QUERYwithTLSRPT
 *
 * A list of maps, asked in this order for one key.  One that speaks socketmap
 * has a server and, behind the last colon, a name that the server gives a
 * meaning: QUERY is answered with what each Postfix reads, QUERYwithTLSRPT with
 * what Postfix 3.10 and later report.  An older one cannot read that, and
 * defers the mail.
 */
#ifndef TLSTALLY_POSTFIX_POLICY_MAPS_H
#define TLSTALLY_POSTFIX_POLICY_MAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "maillog/postconf.h"

enum policy_map_of {
	POLICY_MAP_OURS,         /* tlstally-policyd, by its socket */
	POLICY_MAP_TLSPOL,       /* postfix-tlspol */
	POLICY_MAP_STS_RESOLVER, /* postfix-mta-sts-resolver */
	POLICY_MAP_UNKNOWN,
};

struct policy_map {
	const char *item;   /* as it stands in the list */
	const char *server; /* "unix:run/x.sock", "inet:127.0.0.1:8642" */
	const char *name;   /* "QUERY" */
	const char *path;   /* of a unix socket, for whoever is in no chroot;
	                       NULL: of an inet one */
	bool is_proxied;    /* proxymap(8) asks it */
	enum policy_map_of of;
};

struct policy_maps {
	struct policy_map *list; /* those that speak socketmap */
	size_t count;
	size_t other_count; /* tables and the like */
};

/* Where the one is that reads the list, and where tlstally-policyd listens
 * ("unix:/path", "inet:127.0.0.1:8463"). */
struct policy_maps_place {
	const char *queue_directory;
	bool chroot;
	const char *ours;
};

void policy_maps_read(const char *list, const struct policy_maps_place *place,
                      struct arena *arena, struct policy_maps *maps);

/* The first of that kind; NULL: there is none. */
const struct policy_map *policy_maps_find(const struct policy_maps *maps,
                                          enum policy_map_of of);

/* Does it lead to the socket at which tlstally-policyd listens, from where
 * smtp(8) is? */
bool policy_map_reaches(const struct policy_map *map, const char *ours);

/* "postfix-tlspol" */
const char *policy_map_service(enum policy_map_of of);

/* What a Postfix of this mail_version asks for: "QUERY", "QUERYwithTLSRPT". */
const char *policy_map_name(const char *mail_version);

/* The item that makes this Postfix ask tlstally-policyd at that socket; the
 * arena's. */
const char *policy_map_item(const struct postconf *set, const char *ours,
                            struct arena *arena);

#endif
