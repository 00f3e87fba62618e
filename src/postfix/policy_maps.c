#include "postfix/policy_maps.h"

#include <string.h>

#include "base/endpoint.h"
#include "base/span.h"
#include "postfix/list_text.h"
#include "postfix/postfix_facts.h"
#include "postfix/postfix_reach.h"

enum { MAPS_MAX = 64 };

static const char proxy[] = "proxy:", type[] = "socketmap:";

/* How the services that people have are recognized: by the names of their maps
 * together with the ports or paths of their documents. */
static const struct {
	enum policy_map_of of;
	const char *name;   /* of the map; NULL: any */
	const char *server; /* a part of it */
} known[] = {
	{POLICY_MAP_TLSPOL, "QUERY", ":8642"},
	{POLICY_MAP_TLSPOL, "QUERYwithTLSRPT", ":8642"},
	{POLICY_MAP_TLSPOL, NULL, "tlspol"},
	{POLICY_MAP_STS_RESOLVER, "postfix", ":8461"},
	{POLICY_MAP_STS_RESOLVER, NULL, "mta-sts"},
	{POLICY_MAP_STS_RESOLVER, NULL, "mta_sts"},
};

static enum policy_map_of map_of(const struct policy_map *map,
                                 const struct policy_maps_place *place)
{
	const char *ours = endpoint_path(place->ours);

	/* also one by a name that is wrong from within the chroot */
	if (postfix_is_socket(map->server, place->ours,
	                      place->queue_directory) ||
	    (map->path != NULL && ours != NULL &&
	     postfix_is_same_file(map->path, ours)))
		return POLICY_MAP_OURS;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((known[i].name == NULL ||
		     strcmp(map->name, known[i].name) == 0) &&
		    strstr(map->server, known[i].server) != NULL)
			return known[i].of;
	return POLICY_MAP_UNKNOWN;
}

static const char *path_of(const struct policy_map *map,
                           const struct policy_maps_place *place,
                           struct arena *arena)
{
	const char *path =
		strncmp(map->server, "unix:", 5) == 0 ? map->server + 5 : NULL;

	if (path == NULL ||
	    (path[0] == '/' && (!place->chroot || map->is_proxied)))
		return path;
	return arena_printf(arena, "%s/%s", place->queue_directory,
	                    path + strspn(path, "/"));
}

static bool read_item(struct span item, const struct policy_maps_place *place,
                      struct arena *arena, struct policy_map *map)
{
	char *rest = arena_strndup(arena, item.at, item.len), *colon;

	map->item = arena_strdup(arena, rest);
	map->is_proxied = strncmp(rest, proxy, strlen(proxy)) == 0;
	rest += map->is_proxied ? strlen(proxy) : 0;
	if (strncmp(rest, type, strlen(type)) != 0)
		return false;
	rest += strlen(type);
	colon = strrchr(rest, ':');
	if (colon == NULL)
		return false;
	*colon = '\0';
	map->server = rest;
	map->name = colon + 1;
	map->path = path_of(map, place, arena);
	map->of = map_of(map, place);
	return true;
}

void policy_maps_read(const char *list, const struct policy_maps_place *place,
                      struct arena *arena, struct policy_maps *maps)
{
	struct span item;

	*maps = (struct policy_maps){
		.list = arena_array(arena, MAPS_MAX, sizeof(*maps->list)),
	};
	while (list_text_next(&list, &item))
		if (maps->count < MAPS_MAX &&
		    read_item(item, place, arena, &maps->list[maps->count]))
			maps->count++;
		else
			maps->other_count++;
}

const struct policy_map *policy_maps_find(const struct policy_maps *maps,
                                          enum policy_map_of of)
{
	for (size_t i = 0; i < maps->count; i++)
		if (maps->list[i].of == of)
			return &maps->list[i];
	return NULL;
}

const char *policy_map_service(enum policy_map_of of)
{
	switch (of) {
	case POLICY_MAP_OURS:
		return "tlstally-policyd";
	case POLICY_MAP_TLSPOL:
		return "postfix-tlspol";
	case POLICY_MAP_STS_RESOLVER:
		return "postfix-mta-sts-resolver";
	case POLICY_MAP_UNKNOWN:
		break;
	}
	return "another service";
}

const char *policy_map_name(const char *mail_version)
{
	struct postfix_version version;

	postfix_version_read(mail_version, &version);
	return postfix_is_before(&version, 3, 10, 0) ? "QUERY"
	                                             : "QUERYwithTLSRPT";
}

const char *policy_map_item(const struct postconf *set, const char *ours,
                            struct arena *arena)
{
	const char *version = postconf_get(set, "mail_version");

	return arena_printf(arena, "%s%s:%s", type,
	                    postfix_address_of(set, ours, arena),
	                    policy_map_name(version != NULL ? version : ""));
}

bool policy_map_reaches(const struct policy_map *map, const char *ours)
{
	const char *path = endpoint_path(ours);

	return map->path == NULL || path == NULL ||
	       postfix_is_same_file(map->path, path);
}
