#include "setup/thing.h"

#include <string.h>

#include "base/auto.h"
#include "base/command.h"
#include "base/failpoint.h"
#include "base/span.h"
#include "maillog/postconf.h"
#include "postfix/postconf_run.h"

enum {
	LOOK_MS = 20 * 1000,
	MAKE_MS = 120 * 1000, /* systemd gives a daemon 90 s to start */
	STEPS_MAX = 2,
};

static const char *const words[THING_KINDS] = {
	[THING_SETTING] = "setting",
	[THING_SERVICE] = "service",
	[THING_UNIT] = "unit",
};

const char *thing_kind_word(enum thing_kind kind)
{
	return words[kind];
}

int thing_kind_of(const char *word)
{
	for (int kind = 0; kind < THING_KINDS; kind++)
		if (strcmp(word, words[kind]) == 0)
			return kind;
	return -1;
}

bool thing_is(const char *value, const char *other)
{
	return value == NULL || other == NULL ? value == other
	                                      : strcmp(value, other) == 0;
}

/* What postconf(1) prints and we do not keep is not "not there". */
static bool is_printed(const char *name, const struct strbuf *out)
{
	struct span rest = {strbuf_text(out), out->len}, line;
	bool more;

	do {
		more = span_split(&rest, '\n', &line);
		if (span_skip(&line, name) && span_starts(line, " ="))
			return true;
	} while (more);
	return false;
}

int thing_look_at_settings(const struct thing *things, size_t count,
                           struct arena *arena, const char **values,
                           struct err *err)
{
	const char *names[THING_SETTINGS_MAX + 1] = {NULL};
	auto_(strbuf_clear) struct strbuf out = {0};
	struct postconf set = {0};

	for (size_t i = 0; i < count; i++)
		names[i] = things[i].name;
	if (postconf_run(things[0].directory, "-n", names, &out, err) < 0)
		return err->class;
	postconf_read_settings(strbuf_text(&out), out.len, arena, &set.main);
	for (size_t i = 0; i < count; i++) {
		values[i] = postconf_get(&set, names[i]);
		if (values[i] == NULL && is_printed(names[i], &out))
			return err_set(err, ERR_LIMIT,
			               "%s in main.cf is too long", names[i]);
	}
	return 0;
}

/* Its line of master.cf on one line, with single spaces. */
static int look_at_service(const struct thing *thing, struct arena *arena,
                           const char **value, struct err *err)
{
	const char *const names[] = {thing->name, NULL};
	auto_(strbuf_clear) struct strbuf out = {0}, line = {0};
	const char *at;

	if (postconf_run(thing->directory, "-M", names, &out, err) < 0)
		return err->class;
	at = strbuf_text(&out);
	while (*(at += strspn(at, " \t\n")) != '\0') {
		size_t len = strcspn(at, " \t\n");

		if (line.len > 0)
			strbuf_putc(&line, ' ');
		strbuf_add(&line, at, len);
		at += len;
	}
	*value = line.len > 0 ? arena_strdup(arena, line.data) : NULL;
	return 0;
}

/* The first word that systemctl(1) prints; its exit status says the same. */
static int ask_systemctl(const char *verb, const char *unit,
                         struct arena *arena, const char **word,
                         struct err *err)
{
	const char *const argv[] = {"systemctl", verb, unit, NULL};
	struct command command = {.argv = argv, .timeout_ms = LOOK_MS};
	auto_(strbuf_clear) struct strbuf out = {0};

	if (command_run(&command, &out, err) < 0)
		return err->class;
	*word = arena_strndup(arena, strbuf_text(&out),
	                      strcspn(strbuf_text(&out), " \t\n"));
	return 0;
}

static int look_at_unit(const struct thing *thing, struct arena *arena,
                        const char **value, struct err *err)
{
	const char *enabled, *active;

	if (ask_systemctl("is-enabled", thing->name, arena, &enabled, err) <
	            0 ||
	    ask_systemctl("is-active", thing->name, arena, &active, err) < 0)
		return err->class;
	*value = arena_printf(
		arena, "%s %s",
		span_starts(span_of(enabled), "enabled") ? "enabled"
		: strcmp(enabled, "masked") == 0         ? "masked"
							 : "disabled",
		strcmp(active, "active") == 0 ||
				strcmp(active, "activating") == 0 ||
				strcmp(active, "reloading") == 0
			? "active"
			: "inactive");
	if (enabled[0] == '\0' || strcmp(enabled, "not-found") == 0)
		*value = NULL; /* it is not installed */
	return 0;
}

int thing_look(const struct thing *thing, struct arena *arena,
               const char **value, struct err *err)
{
	return thing->kind == THING_SETTING
	               ? thing_look_at_settings(thing, 1, arena, value, err)
	       : thing->kind == THING_SERVICE
	               ? look_at_service(thing, arena, value, err)
	               : look_at_unit(thing, arena, value, err);
}

/* "enabled active": systemctl enable --now.  One at a time where they go
 * different ways. */
static void unit_command(const struct thing *thing, const char *from,
                         const char *to, const char *argv[THING_WORDS])
{
	bool was_enabled = span_starts(span_of(from ? from : ""), "enabled");
	bool was_active = from != NULL && strstr(from, " active") != NULL;
	bool enable = span_starts(span_of(to), "enabled");
	bool active = strstr(to, " active") != NULL;
	size_t n = 0;

	argv[n++] = "systemctl";
	if (was_enabled == enable && was_active != active) {
		argv[n++] = active ? "start" : "stop";
	} else {
		argv[n++] = enable ? "enable" : "disable";
		if (enable == active && was_active != active)
			argv[n++] = "--now";
	}
	argv[n++] = thing->name;
	argv[n] = NULL;
}

void thing_command(const struct thing *thing, const char *from, const char *to,
                   struct arena *arena, const char *argv[THING_WORDS])
{
	bool is_setting = thing->kind == THING_SETTING;
	size_t n = 0;

	if (thing->kind == THING_UNIT) {
		unit_command(thing, from, to, argv);
		return;
	}
	argv[n++] = "postconf";
	if (!thing->is_default) {
		argv[n++] = "-c";
		argv[n++] = thing->directory;
	}
	argv[n++] = is_setting ? (to != NULL ? "-e" : "-X")
	                       : (to != NULL ? "-Me" : "-MX");
	argv[n++] = to == NULL ? thing->name
	            : is_setting
	                    ? arena_printf(arena, "%s = %s", thing->name, to)
	                    : arena_printf(arena, "%s=%s", thing->name, to);
	argv[n] = NULL;
}

static int run(const char *const *argv, struct err *err)
{
	struct command command = {
		.argv = argv, .timeout_ms = MAKE_MS, .with_errors = true};
	auto_(strbuf_clear) struct strbuf out = {0};
	int status = command_run(&command, &out, err);

	if (status <= 0)
		return status;
	return err_set(err, ERR_IO, "%s %s failed (exit status %d): %.300s",
	               argv[0], argv[1], status, command_last_line(&out));
}

int thing_bring(const struct thing *thing, const char *to, struct arena *arena,
                struct err *err)
{
	const char *argv[THING_WORDS], *is;

	for (int i = 0; i <= STEPS_MAX; i++) {
		if (thing_look(thing, arena, &is, err) < 0)
			return err->class;
		if (thing_is(is, to))
			return 0;
		if (i == STEPS_MAX)
			break;
		thing_command(thing, is, to, arena, argv);
		if (run(argv, err) < 0)
			return err->class;
	}
	return err_set(err, ERR_IO,
	               "%s is '%.200s' after it was set to '%.200s'",
	               thing->name, is != NULL ? is : "", to != NULL ? to : "");
}

int thing_bring_settings(const struct thing *things, const char *const *to,
                         size_t count, struct arena *arena, struct err *err)
{
	const char *is[THING_SETTINGS_MAX];

	for (size_t i = 0; i < count; i++) {
		const char *argv[THING_WORDS];

		thing_command(&things[i], NULL, to[i], arena, argv);
		if (run(argv, err) < 0)
			return err->class;
		failpoint_hit("setting made");
	}
	if (thing_look_at_settings(things, count, arena, is, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (!thing_is(is[i], to[i]))
			return err_set(
				err, ERR_IO,
				"%s is '%.200s' after it was set to '%.200s'",
				things[i].name, is[i] != NULL ? is[i] : "",
				to[i] != NULL ? to[i] : "");
	return 0;
}
