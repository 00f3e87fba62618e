/* A setting by its name; and of a name that is unknown, which one was meant. */
#include "conf/settings.h"

#include <string.h>

#include "base/nearest.h"

const struct setting *settings_find(const char *section, const char *name)
{
	for (size_t i = 0; i < settings_count; i++)
		if (strcmp(settings[i].section, section) == 0 &&
		    strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

const struct settings_section *settings_find_section(const char *name)
{
	for (size_t i = 0; i < settings_sections_count; i++)
		if (strcmp(settings_sections[i].name, name) == 0)
			return &settings_sections[i];
	return NULL;
}

int settings_unknown_section(const char *name, struct err *err)
{
	struct nearest nearest = nearest_to(name);

	for (size_t i = 0; i < settings_sections_count; i++)
		nearest_offer(&nearest, settings_sections[i].name);
	if (nearest.name == NULL)
		return err_set(err, ERR_PARSE, "unknown section [%.40s]", name);
	return err_set(err, ERR_PARSE,
	               "unknown section [%.40s]; did you mean [%s]?", name,
	               nearest.name);
}

int settings_unknown(const char *section, const char *name, struct err *err)
{
	struct nearest nearest = nearest_to(name);
	const char *elsewhere = NULL;

	for (size_t i = 0; i < settings_count; i++) {
		if (strcmp(settings[i].section, section) == 0)
			nearest_offer(&nearest, settings[i].name);
		if (elsewhere == NULL && strcmp(settings[i].name, name) == 0)
			elsewhere = settings[i].section;
	}
	if (settings_find_section(section) == NULL)
		return settings_unknown_section(section, err);
	if (elsewhere != NULL)
		return err_set(err, ERR_PARSE,
		               "unknown setting '%.40s' in [%s]; it belongs "
		               "in [%s]",
		               name, section, elsewhere);
	if (nearest.name != NULL)
		return err_set(err, ERR_PARSE,
		               "unknown setting '%.40s' in [%s]; did you mean "
		               "'%s'?",
		               name, section, nearest.name);
	return err_set(err, ERR_PARSE, "unknown setting '%.40s' in [%s]", name,
	               section);
}
