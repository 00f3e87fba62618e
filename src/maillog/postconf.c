#include "maillog/postconf.h"

#include <string.h>
#include <strings.h>

#include "base/span.h"

enum {
	NAME_MOST = 512,        /* "service/type/name" */
	VALUE_MOST = 16 * 1024, /* a map of many names is long */
	PROGRAM_FIELD = 7,      /* of a line of master.cf */
	CHROOT_FIELD = 4,
};

static size_t count_lines(const char *text, size_t len, size_t most)
{
	struct span rest = {text, len}, line;
	size_t count = 0;

	while (count < most && span_split(&rest, '\n', &line))
		count++;
	return count < most ? count + 1 : most;
}

static struct postconf_setting *
find_setting(const struct postconf_settings *settings, struct span name)
{
	for (size_t i = 0; i < settings->count; i++)
		if (span_is(name, settings->list[i].name))
			return &settings->list[i];
	return NULL;
}

/* "name = value", "name =" */
static bool read_setting(struct span line, struct span *name,
                         struct span *value)
{
	if (!span_until_text(&line, " =", name) || name->len == 0 ||
	    name->len > NAME_MOST || line.len > VALUE_MOST ||
	    memchr(line.at, '\0', line.len) != NULL ||
	    memchr(name->at, '\0', name->len) != NULL)
		return false;
	*value = span_trim(line);
	return true;
}

void postconf_read_settings(const char *text, size_t len, struct arena *arena,
                            struct postconf_settings *settings)
{
	size_t most = count_lines(text, len, POSTCONF_SETTINGS_MAX);
	struct span rest = {text, len}, line, name, value;
	bool more;

	settings->list = arena_array(arena, most, sizeof(*settings->list));
	settings->count = 0;
	do {
		struct postconf_setting *setting;

		more = span_split(&rest, '\n', &line);
		if (!read_setting(line, &name, &value))
			continue;
		setting = find_setting(settings, name);
		if (setting == NULL) {
			if (settings->count == most)
				break;
			setting = &settings->list[settings->count++];
			setting->name = arena_strndup(arena, name.at, name.len);
		}
		setting->value = arena_strndup(arena, value.at, value.len);
	} while (more);
}

static bool read_service(struct span line, struct arena *arena,
                         struct postconf_service *service)
{
	struct span words[PROGRAM_FIELD + 1];

	for (size_t i = 0; i <= PROGRAM_FIELD; i++) {
		line = span_trim(line);
		span_split(&line, ' ', &words[i]);
		if (words[i].len == 0 || words[i].len > NAME_MOST ||
		    memchr(words[i].at, '\0', words[i].len) != NULL)
			return false;
	}
	service->name = arena_strndup(arena, words[0].at, words[0].len);
	service->type = arena_strndup(arena, words[1].at, words[1].len);
	service->chroot = span_is(words[CHROOT_FIELD], "y");
	service->program = arena_strndup(arena, words[PROGRAM_FIELD].at,
	                                 words[PROGRAM_FIELD].len);
	return true;
}

void postconf_read_services(const char *text, size_t len, struct arena *arena,
                            struct postconf *postconf)
{
	size_t most = count_lines(text, len, POSTCONF_SERVICES_MAX);
	struct span rest = {text, len}, line;
	bool more;

	postconf->services =
		arena_array(arena, most, sizeof(*postconf->services));
	postconf->service_count = 0;
	do {
		more = span_split(&rest, '\n', &line);
		if (read_service(line, arena,
		                 &postconf->services[postconf->service_count]))
			postconf->service_count++;
	} while (more && postconf->service_count < most);
}

const char *postconf_get(const struct postconf *postconf, const char *name)
{
	const struct postconf_setting *setting =
		find_setting(&postconf->main, span_of(name));

	return setting != NULL ? setting->value : NULL;
}

/* Is the override called "relay/unix/NAME"? */
static bool is_override(struct span override,
                        const struct postconf_service *service,
                        const char *name)
{
	return span_skip(&override, service->name) &&
	       span_skip(&override, "/") &&
	       span_skip(&override, service->type) &&
	       span_skip(&override, "/") && span_is(override, name);
}

const char *postconf_of_service(const struct postconf *postconf,
                                const struct postconf_service *service,
                                const char *name)
{
	const struct postconf_settings *overrides = &postconf->overrides;

	for (size_t i = 0; i < overrides->count; i++)
		if (is_override(span_of(overrides->list[i].name), service,
		                name))
			return overrides->list[i].value;
	return postconf_get(postconf, name);
}

bool postconf_is_smtp(const struct postconf_service *service)
{
	return strcmp(service->program, "smtp") == 0;
}

/* tls_log_mask() of Postfix 3.4 to 3.12: words, of which each adds something;
 * with one that is not known none counts. */
bool postconf_logs_tls(const char *loglevel)
{
	static const struct {
		const char *word;
		bool logs;
	} words[] = {
		{"0", false},
		{"none", false},
		{"1", true},
		{"routine", true},
		{"2", true},
		{"debug", true},
		{"3", true},
		{"ssl-expert", true},
		{"4", true},
		{"ssl-developer", true},
		{"5", true},
		{"6", true},
		{"7", true},
		{"8", true},
		{"9", true},
		{"summary", true},
		{"untrusted", false},
		{"peercert", false},
		{"certmatch", false},
		{"verbose", false},
		{"cache", false},
		{"dane", false},
		{"ssl-debug", false},
		{"ssl-handshake-packet-dump", false},
		{"ssl-session-packet-dump", false},
		{"trace", false},
	};
	static const char between[] = ", \t\r\n";
	bool logs = false;

	for (;;) {
		size_t len, i = 0;

		loglevel += strspn(loglevel, between);
		len = strcspn(loglevel, between);
		if (len == 0)
			return logs;
		while (i < sizeof(words) / sizeof(words[0]) &&
		       (strlen(words[i].word) != len ||
		        strncasecmp(words[i].word, loglevel, len) != 0))
			i++;
		if (i == sizeof(words) / sizeof(words[0]))
			return false;
		logs |= words[i].logs;
		loglevel += len;
	}
}
