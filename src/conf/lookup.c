#include "conf/settings.h"

#include <string.h>

enum {
	NAME_ROOM = 64,   /* longer names are not compared */
	NEAR_AT_MOST = 3, /* changes between what was written and meant */
};

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

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to insert, remove or replace to make one of the other
 * (Levenshtein), one row of the matrix at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_ROOM];
	size_t b_len = strlen(b);

	if (strlen(a) >= NAME_ROOM || b_len >= NAME_ROOM)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b_len; j++) {
			size_t replaced = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] =
				min_of(replaced, 1 + min_of(row[j], diagonal));
		}
	}
	return row[b_len];
}

/* The nearest so far; a short name must not be changed beyond recognition. */
struct nearest {
	const char *name;
	size_t distance;
};

static void nearest_offer(struct nearest *nearest, const char *wrote,
                          const char *name)
{
	size_t d = distance(wrote, name);

	if (d < nearest->distance && d <= NEAR_AT_MOST &&
	    2 * d < strlen(name)) {
		nearest->name = name;
		nearest->distance = d;
	}
}

static const char *near_name(const char *section, const char *name)
{
	struct nearest nearest = {NULL, SIZE_MAX};

	for (size_t i = 0; i < settings_count; i++)
		if (strcmp(settings[i].section, section) == 0)
			nearest_offer(&nearest, name, settings[i].name);
	return nearest.name;
}

static const char *near_section(const char *name)
{
	struct nearest nearest = {NULL, SIZE_MAX};

	for (size_t i = 0; i < settings_sections_count; i++)
		nearest_offer(&nearest, name, settings_sections[i].name);
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
