#include "postfix/policy_askers.h"

#include "base/auto.h"
#include "postfix/policy_maps.h"

static void read_maps(const struct postfix_facts *facts,
                      const struct postfix_client *client, const char *ours,
                      struct arena *arena, struct policy_maps *maps)
{
	const struct policy_maps_place place = {
		.queue_directory = facts->queue_directory,
		.chroot = client->chroot,
		.ours = ours,
	};

	policy_maps_read(client->policy_maps, &place, arena, maps);
}

bool policy_askers_have(const struct postfix_facts *facts,
                        const struct postfix_client *client, const char *ours)
{
	auto_(arena_clear) struct arena arena = {0};
	struct policy_maps maps;

	read_maps(facts, client, ours, &arena, &maps);
	return policy_maps_find(&maps, POLICY_MAP_OURS) != NULL;
}

bool policy_askers_have_only(const struct postfix_facts *facts,
                             const struct postfix_client *client,
                             const char *ours)
{
	auto_(arena_clear) struct arena arena = {0};
	struct policy_maps maps;

	read_maps(facts, client, ours, &arena, &maps);
	return maps.count == 1 && maps.other_count == 0 &&
	       maps.list[0].of == POLICY_MAP_OURS;
}

void policy_askers_add(struct policy_askers *askers,
                       const struct postfix_client *client, bool validates)
{
	enum site_level level = site_level_of(client->level);
	bool dane = client->no_dane == NULL && validates;

	if (level == SITE_LEVELS) /* with which smtp(8) does not start */
		return;
	if (level == SITE_LEVEL_DANE && !dane)
		level = SITE_LEVEL_MAY;
	askers->levels |= SITE_LEVEL_BIT(level);
	askers->every_dane &= dane;
	askers->any_dane |= level == SITE_LEVEL_DANE;
	askers->verifies_host &= client->verifies_host;
}
