/*
 * settings - the table of all settings
 *
 * One row a setting.  A new setting is a row here and a member of struct
 * conf; the parser, its messages, `tlstally conf`, tlstally.conf(5) and the
 * sample file follow by themselves.  The rows of a section stand together.
 */
#ifndef TLSTALLY_CONF_SETTINGS_H
#define TLSTALLY_CONF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum setting_type {
	SETTING_STRING,  /* char * */
	SETTING_PATH,    /* char *, absolute */
	SETTING_SPAN,    /* int64_t, seconds */
	SETTING_SPAN_MS, /* int64_t, milliseconds */
	SETTING_SIZE,    /* uint64_t, bytes */
	SETTING_NUMBER,  /* uint64_t */
	SETTING_BOOL,    /* bool */
	SETTING_MODE,    /* uint64_t, written in octal */
	SETTING_ENUM,    /* int, index into words */
	SETTING_LIST,    /* struct conf_list */
};

struct setting {
	const char *section;
	const char *name;
	enum setting_type type;
	const char *standard; /* the default, as it would stand in a file */
	size_t offset;        /* in struct conf */

	/* Numbers, sizes, spans: the range, in the unit of the struct.
	 * Strings, paths and list items: max is the most bytes. */
	uint64_t min, max;

	/* Text whose default is not empty must not be empty either, but for
	 * this. */
	bool may_be_empty;

	/* It says what a report is like: hosts of a fleet have it the same. */
	bool of_fleet;

	bool secret; /* a path: what the file holds is for its readers only */

	const struct vocabulary *words; /* of an enum */

	/* The form of a text or of a list item that is not empty; the words
	 * follow "[section] name: ". */
	int (*check)(const char *text, struct err *err);

	/* Of a list: does the later of two items never count, because of the
	 * earlier? */
	bool (*hides)(const char *earlier, const char *later);

	/* Brings a text that passed into the form it is kept in. */
	void (*tidy)(char *text);

	/* A notation that is still read in today's, the caller's to free;
	 * NULL: it is today's. */
	char *(*today)(const char *text);

	const char *comment; /* one line of the sample file */
	const char *manual;  /* mdoc, whole lines */
};

extern const struct setting settings[];
extern const size_t settings_count;

struct settings_section {
	const char *name;
	const char *comment; /* one line of the sample file */
	const char *manual;  /* mdoc, whole lines */
};

extern const struct settings_section settings_sections[];
extern const size_t settings_sections_count;

/* NULL when there is none of that name. */
const struct setting *settings_find(const char *section, const char *name);
const struct settings_section *settings_find_section(const char *name);

/* ERR_PARSE, with the name that was most likely meant: "unknown setting
 * 'organisation_name' in [report]; did you mean 'organization_name'?" */
int settings_unknown(const char *section, const char *name, struct err *err);
int settings_unknown_section(const char *name, struct err *err);

#endif
