#include "conf/fleet_hosts.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"

static const char spaces[] = " \t";

/* "mx2.example.com=ssh": the bytes before the "=", or 0.  A path, or an option
 * of the command, has none. */
static size_t name_length(const char *item)
{
	size_t word = strcspn(item, " \t");
	const char *end = memchr(item, '=', word);

	return end != NULL ? (size_t)(end - item) : 0;
}

static const char *command_of(const char *item)
{
	size_t len = name_length(item);

	item += len > 0 ? len + 1 : 0;
	return item + strspn(item, spaces);
}

const char **fleet_hosts_words(const char *item, struct arena *arena,
                               size_t *count)
{
	const char *at = command_of(item);
	const char **words =
		arena_array(arena, strlen(at) / 2 + 2, sizeof(*words));

	for (*count = 0; *at != '\0'; at += strspn(at, spaces)) {
		size_t len = strcspn(at, spaces);

		words[(*count)++] = arena_strndup(arena, at, len);
		at += len;
	}
	return words;
}

/* How many words an option of ssh(1) is: "-4", "-p22", "-p 22". */
static size_t option_words(const char *word)
{
	static const char with_value[] = "BbcDEeFIiJLlmOopPQRSWw";

	for (const char *at = word + 1; *at != '\0'; at++)
		if (strchr(with_value, *at) != NULL)
			return at[1] == '\0' ? 2 : 1;
	return 1;
}

/* "mx2" of "ssh -p 2222 tlsrpt@mx2 tlsrpt-fetcher" and "ssh://mx2:2222";
 * false: it is no such command. */
static bool ssh_host(const char **words, size_t count, char out[DOMAIN_TEXT])
{
	const char *program = count > 0 ? words[0] : "", *host;
	size_t i = 1;

	if (strrchr(program, '/') != NULL)
		program = strrchr(program, '/') + 1;
	if (strcmp(program, "ssh") != 0)
		return false;
	while (i < count && words[i][0] == '-')
		i += option_words(words[i]);
	if (i >= count)
		return false;
	host = words[i];
	if (strncmp(host, "ssh://", 6) == 0)
		host += 6;
	if (strrchr(host, '@') != NULL)
		host = strrchr(host, '@') + 1;
	return domain_canonical(host, strcspn(host, ":/"), out, NULL) == 0;
}

static int read_name(const char *item, char out[DOMAIN_TEXT], struct err *err)
{
	auto_(arena_clear) struct arena arena = {0};
	const char **words;
	struct err why;
	size_t count;

	arena_init(&arena);
	words = fleet_hosts_words(item, &arena, &count);
	if (count == 0)
		return err_set(err, ERR_PARSE, "'%.80s' has no command", item);
	if (name_length(item) == 0 && ssh_host(words, count, out))
		return 0;
	if (name_length(item) == 0)
		return err_set(err, ERR_PARSE,
		               "which host does '%.80s' ask?  Put its name "
		               "before it, as in mx2.example.com=%.80s",
		               item, item);
	if (domain_canonical(item, name_length(item), out, &why) < 0)
		return err_set(err, ERR_PARSE,
		               "'%.*s' is not the name of a host: %s",
		               (int)name_length(item), item, why.text);
	return 0;
}

int fleet_hosts_check(const char *item, struct err *err)
{
	char name[DOMAIN_TEXT];

	return read_name(item, name, err);
}

bool fleet_hosts_at(const struct conf *conf, size_t i, struct fleet_host *host)
{
	const struct conf_list *expect = &conf->fleet.expect;
	const struct conf_list *fetchers = &conf->fleet.fetchers;

	*host = (struct fleet_host){.command = NULL};
	/* all were checked when they were read */
	if (i < expect->count)
		return domain_canonical(expect->items[i],
		                        strlen(expect->items[i]), host->name,
		                        NULL) == 0;
	i -= expect->count;
	if (i >= fetchers->count)
		return false;
	host->command = fetchers->items[i];
	return read_name(fetchers->items[i], host->name, NULL) == 0;
}

int fleet_hosts_check_names(const struct conf *conf, struct err *err)
{
	struct fleet_host host, other;

	for (size_t i = 0; fleet_hosts_at(conf, i, &host); i++)
		for (size_t k = i + 1; fleet_hosts_at(conf, k, &other); k++)
			if (strcmp(host.name, other.name) == 0)
				return err_set(
					err, ERR_PARSE,
					"two hosts are called %s: give one of "
					"the fetchers another name, as in "
					"%s-new=%.80s",
					host.name, host.name,
					other.command ? other.command : "...");
	return 0;
}
