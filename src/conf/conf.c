#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "conf/settings.h"
#include "conf/value.h"

void conf_init(struct conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->given = xcalloc(settings_count, sizeof(*conf->given));
	for (size_t i = 0; i < settings_count; i++) {
		struct err err;

		/* A default that its own row refuses is a fault of the table;
		 * the tests would have met it. */
		if (value_read(&settings[i], settings[i].standard, conf, &err) <
		    0) {
			log_error("default value of %s", err.text);
			abort();
		}
	}
}

void conf_clear(struct conf *conf)
{
	for (size_t i = 0; i < settings_count; i++)
		value_clear(&settings[i], conf);
	value_clear_list(&conf->remarks);
	value_clear_list(&conf->faults);
	free(conf->file);
	free(conf->given);
	memset(conf, 0, sizeof(*conf));
}

int conf_set(struct conf *conf, const char *assignment, struct err *err)
{
	const char *dot = strchr(assignment, '.');
	const char *equals = strchr(assignment, '=');
	auto_(xfree_str) char *section = NULL;
	auto_(xfree_str) char *name = NULL;
	const struct setting *row;

	if (dot == NULL || equals == NULL || equals < dot)
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not of the form section.name=value",
		               assignment);
	section = xstrndup(assignment, (size_t)(dot - assignment));
	name = xstrndup(dot + 1, (size_t)(equals - dot - 1));
	row = settings_find(section, name);
	if (row == NULL)
		return settings_unknown(section, name, err);
	return value_read(row, equals + 1, conf, err);
}

static const char *or_else(const char *text, const char *otherwise)
{
	return text != NULL && text[0] != '\0' ? text : otherwise;
}

bool conf_list_has(const struct conf_list *list, const char *word)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcasecmp(list->items[i], word) == 0)
			return true;
	return false;
}

const char *conf_submitter(const struct conf *conf)
{
	const char *at = strrchr(or_else(conf->report.contact_info, ""), '@');

	return at != NULL ? at + 1 : "";
}

const char *conf_organization(const struct conf *conf)
{
	return or_else(conf->report.organization_name, conf_submitter(conf));
}

const char *conf_sender(const struct conf *conf)
{
	return or_else(conf->report.sender,
	               or_else(conf->report.contact_info, ""));
}
