#include "conf/sandbox.h"

#include <string.h>

#include "base/auto.h"
#include "base/command.h"
#include "base/span.h"
#include "base/xalloc.h"

enum { ASK_MS = 5000 };

/* The first that systemctl(1) says of a name; "" is none. */
static char *get_line(const struct strbuf *lines, const char *name)
{
	struct span rest = {strbuf_text(lines), lines->len}, line;
	bool more;

	do {
		more = span_split(&rest, '\n', &line);
		if (span_skip(&line, name) && span_skip(&line, "="))
			return xstrndup(line.at, line.len);
	} while (more);
	return xstrdup("");
}

static void show(const char *unit, struct strbuf *out)
{
	const char *const argv[] = {
		"systemctl",
		"show",
		"-p",
		"LoadState,UnitFileState,ActiveState,NoNewPrivileges,"
		"ProtectHome,ProtectSystem,PrivateTmp,ReadWritePaths,"
		"StateDirectory,RuntimeDirectory,LogsDirectory,"
		"SupplementaryGroups",
		unit,
		NULL};
	struct command command = {.argv = argv, .timeout_ms = ASK_MS};
	struct err ignored;

	if (command_run(&command, out, &ignored) != 0)
		strbuf_reset(out);
}

static bool is_used(const struct strbuf *lines)
{
	auto_(xfree_str) char *load = get_line(lines, "LoadState");
	auto_(xfree_str) char *file = get_line(lines, "UnitFileState");
	auto_(xfree_str) char *active = get_line(lines, "ActiveState");

	return strcmp(load, "loaded") == 0 &&
	       (strncmp(file, "enabled", 7) == 0 ||
	        strcmp(active, "active") == 0 ||
	        strcmp(active, "activating") == 0);
}

bool sandbox_is_used(const char *unit)
{
	auto_(strbuf_clear) struct strbuf lines = {0};

	show(unit, &lines);
	return is_used(&lines);
}

void sandbox_ask(struct sandbox *sandbox, const char *unit, const char *starter)
{
	auto_(strbuf_clear) struct strbuf lines = {0};

	*sandbox = (struct sandbox){.unit = unit};
	show(starter, &lines);
	sandbox->is_used = is_used(&lines);
	if (sandbox->is_used)
		show(unit, &sandbox->asked);
}

void sandbox_clear(struct sandbox *sandbox)
{
	strbuf_clear(&sandbox->asked);
}

char *sandbox_get(const struct sandbox *sandbox, const char *name)
{
	return get_line(&sandbox->asked, name);
}

static bool is(const struct sandbox *sandbox, const char *name,
               const char *value)
{
	auto_(xfree_str) char *is = sandbox_get(sandbox, name);

	return strcmp(is, value) == 0;
}

/* Is it the directory, or below it? */
static bool is_below(const char *path, const char *directory, size_t len)
{
	while (len > 1 && directory[len - 1] == '/')
		len--;
	return strncmp(path, directory, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

static bool is_in(const char *path, const char *const *directories)
{
	for (; *directories != NULL; directories++)
		if (is_below(path, *directories, strlen(*directories)))
			return true;
	return false;
}

/* Is it below one of the property's directories, which are in `base`? */
static bool is_open(const struct sandbox *sandbox, const char *name,
                    const char *base, const char *path)
{
	auto_(xfree_str) char *list = sandbox_get(sandbox, name);
	char *rest = list, *word;

	while ((word = strtok_r(rest, " ", &rest)) != NULL) {
		auto_(xfree_str) char *directory = NULL;

		word += strspn(word, "-+");
		directory = xasprintf("%s%s", base, word);
		if (is_below(path, directory, strlen(directory)))
			return true;
	}
	return false;
}

static bool is_writable(const struct sandbox *sandbox, const char *path)
{
	static const char *const always[] = {"/tmp", "/var/tmp", "/dev/shm",
	                                     NULL};

	return !is(sandbox, "ProtectSystem", "strict") || is_in(path, always) ||
	       is_open(sandbox, "ReadWritePaths", "", path) ||
	       is_open(sandbox, "StateDirectory", "/var/lib/", path) ||
	       is_open(sandbox, "LogsDirectory", "/var/log/", path) ||
	       is_open(sandbox, "RuntimeDirectory", "/run/", path);
}

bool sandbox_keeps(const struct sandbox *sandbox, const char *path, bool writes,
                   struct strbuf *why)
{
	static const char *const homes[] = {"/home", "/root", "/run/user",
	                                    NULL};
	static const char *const tmp[] = {"/tmp", "/var/tmp", NULL};

	if (!sandbox->is_used)
		return false;
	if (is_in(path, homes) && (is(sandbox, "ProtectHome", "yes") ||
	                           is(sandbox, "ProtectHome", "tmpfs")))
		strbuf_printf(why,
		              "%s is in a home directory, which %s does not "
		              "see (ProtectHome=)",
		              path, sandbox->unit);
	else if (is_in(path, tmp) && is(sandbox, "PrivateTmp", "yes"))
		strbuf_printf(why,
		              "%s is in a directory of which %s has its own "
		              "(PrivateTmp=)",
		              path, sandbox->unit);
	else if (writes && !is_writable(sandbox, path))
		strbuf_printf(why,
		              "%s cannot write to %s (ProtectSystem=): run "
		              "'systemctl edit %s' and add [Service] "
		              "ReadWritePaths=%s",
		              sandbox->unit, path, sandbox->unit, path);
	else
		return false;
	return true;
}

bool sandbox_refuses_rights(const struct sandbox *sandbox)
{
	return sandbox->is_used && is(sandbox, "NoNewPrivileges", "yes");
}
