#include "fleet/fleet_settings.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "conf/settings.h"
#include "conf/value.h"
#include "sealed/sealed_code.h"
#include "sealed/sealed_day.h"

static void add(struct ledger_settings *mine, const struct setting *row,
                const struct conf *conf, struct strbuf *all)
{
	auto_(strbuf_clear) struct strbuf name = {0};
	auto_(strbuf_clear) struct strbuf value = {0};
	struct ledger_setting *at = &mine->list[mine->count++];

	strbuf_printf(&name, "[%s] %s", row->section, row->name);
	value_write(row, conf, &value);
	at->name = arena_strdup(&mine->mem, strbuf_text(&name));
	at->value = arena_strdup(&mine->mem, strbuf_text(&value));
	strbuf_printf(all, "%s = %s\n", at->name, at->value);
}

void fleet_settings_make(struct ledger_settings *mine, const struct conf *conf)
{
	auto_(strbuf_clear) struct strbuf all = {0};
	uint8_t hash[SEALED_HASH];

	*mine = (struct ledger_settings){.count = 0};
	mine->list =
		arena_array(&mine->mem, settings_count, sizeof(*mine->list));
	for (size_t i = 0; i < settings_count; i++)
		if (settings[i].of_fleet)
			add(mine, &settings[i], conf, &all);
	sealed_hash(all.data, all.len, hash);
	sealed_hex(hash, sizeof(hash), mine->digest);
}

static const char *find_value(const struct ledger_settings *in,
                              const char *name)
{
	for (size_t i = 0; i < in->count; i++)
		if (strcmp(in->list[i].name, name) == 0)
			return in->list[i].value;
	return NULL;
}

static void add_name(char names[FLEET_SETTINGS_NAMES], const char *name)
{
	static const char more[] = ", ...";
	size_t len = strlen(names);

	if (len + strlen(name) + sizeof(more) + 2 < FLEET_SETTINGS_NAMES)
		snprintf(names + len, FLEET_SETTINGS_NAMES - len, "%s%s",
		         len > 0 ? ", " : "", name);
	else if (len < sizeof(more) ||
	         strcmp(names + len - strlen(more), more) != 0)
		snprintf(names + len, FLEET_SETTINGS_NAMES - len, "%s", more);
}

void fleet_settings_differ(const struct ledger_settings *mine,
                           const struct ledger_settings *theirs,
                           char names[FLEET_SETTINGS_NAMES])
{
	names[0] = '\0';
	for (size_t i = 0; i < mine->count; i++) {
		const struct ledger_setting *at = &mine->list[i];
		const char *value = find_value(theirs, at->name);

		if (value == NULL || strcmp(value, at->value) != 0)
			add_name(names, at->name);
	}
	for (size_t i = 0; i < theirs->count; i++)
		if (find_value(mine, theirs->list[i].name) == NULL)
			add_name(names, theirs->list[i].name);
}
