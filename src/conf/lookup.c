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

static const char *section_of(const char *name)
{
	for (size_t i = 0; i < settings_count; i++)
		if (strcmp(settings[i].name, name) == 0)
			return settings[i].section;
	return NULL;
}

static const char *near_name(const char *section, const char *name)
{
	struct nearest nearest = nearest_to(name);

	for (size_t i = 0; i < settings_count; i++)
		if (strcmp(settings[i].section, section) == 0)
			nearest_offer(&nearest, settings[i].name);
	return nearest.name;
}

static const char *near_section(const char *name)
{
	struct nearest nearest = nearest_to(name);

	for (size_t i = 0; i < settings_sections_count; i++)
		nearest_offer(&nearest, settings_sections[i].name);
	return nearest.name;
}

int settings_unknown_section(const char *name, struct err *err)
{
	const char *near = near_section(name);

	if (near == NULL)
		return err_set(err, ERR_PARSE, "unknown section [%.40s]", name);
	return err_set(err, ERR_PARSE,
	               "unknown section [%.40s]; did you mean [%s]?", name,
	               near);
}

int settings_unknown(const char *section, const char *name, struct err *err)
{
	const char *near = near_name(section, name);
	const char *elsewhere = section_of(name);

	if (settings_find_section(section) == NULL)
		return settings_unknown_section(section, err);
	if (elsewhere != NULL)
		return err_set(err, ERR_PARSE,
		               "unknown setting '%.40s' in [%s]; it belongs "
		               "in [%s]",
		               name, section, elsewhere);
	if (near != NULL)
		return err_set(err, ERR_PARSE,
		               "unknown setting '%.40s' in [%s]; did you mean "
		               "'%s'?",
		               name, section, near);
	return err_set(err, ERR_PARSE, "unknown setting '%.40s' in [%s]", name,
	               section);
}
