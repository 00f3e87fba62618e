/* Any bytes as smtp_tls_policy_maps, and as what a map server answers. */
#include "base/arena.h"
#include "base/auto.h"
#include "postfix/policy_maps.h"
#include "postfix/socketmap.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_maps(const char *list, struct arena *arena)
{
	static const struct policy_maps_place place = {
		"/q", true, "unix:/q/run/tlstally/policyd.sock"};
	struct policy_maps maps;

	policy_maps_read(list, &place, arena, &maps);
	for (size_t i = 0; i < maps.count; i++) {
		const struct policy_map *map = &maps.list[i];

		check(policy_maps_find(&maps, map->of) != NULL);
		check(policy_map_service(map->of) != NULL);
		check(map->path == NULL || map->path[0] != '\0');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct socketmap_answer answer = {0};
	struct err err = {0};
	struct arena arena;
	int rc;

	arena_init(&arena);
	check_maps(arena_strndup(&arena, (const char *)data, size), &arena);
	rc = socketmap_read((const char *)data, size, &answer, &err);
	check(rc == 1 || rc == 0 || rc == ERR_PARSE);
	check(rc >= 0 || err.text[0] != '\0');
	check(rc != 1 || answer.text.len < size);
	check(rc != 1 || answer.status != SOCKETMAP_OK || answer.text.len > 0);
	strbuf_clear(&answer.text);
	arena_clear(&arena);
	return 0;
}
