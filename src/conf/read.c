/*
 * The file itself is libinih's to read.  Its handler gets no line number,
 * cuts a line that is too long in two, and never sees a section without
 * settings; so the lines pass through next_line(), which counts them and
 * refuses what libinih would take for something else.
 */
#include "config.h"

#include "conf/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "conf/settings.h"
#include "conf/value.h"

enum {
	FILE_LARGEST = 1024 * 1024,
	LINE_ROOM = 4096, /* what we ask libinih to read into */
	FAULTS_MAX = 100,
};

/* Stands for a section that is none: what it has is not looked at. */
#define NO_SECTION "?"

struct parse {
	struct conf *conf;
	const char *name; /* of the file */
	const char *at;   /* the next line */
	const char *end;
	unsigned line;       /* of the one handed out last */
	unsigned fault_line; /* of the first fault; 0: there is none */
	struct err *err;     /* the first */
};

/* Reading goes on, so that all mistakes are found, until there are too many. */
static void fail_at(struct parse *parse, unsigned line, const struct err *why)
{
	struct conf_list *faults = &parse->conf->faults;
	char *text = xasprintf("%.200s:%u: %s", parse->name, line, why->text);

	if (parse->fault_line == 0 || line < parse->fault_line) {
		parse->fault_line = line;
		err_set(parse->err, why->class, "%s", text);
	}
	value_list_add(faults, text);
	if (faults->count >= FAULTS_MAX)
		parse->at = parse->end;
}

/* "[name]", after it at most a comment. */
static int check_section(const char *line, size_t len, struct err *err)
{
	const char *close = memchr(line, ']', len);
	auto_(xfree_str) char *section = NULL;
	const char *rest;

	if (close == NULL)
		return err_set(err, ERR_PARSE,
		               "missing ']' after the name of the section");
	section = xstrndup(line + 1, (size_t)(close - line - 1));
	rest = close + 1;
	while (rest < line + len && strchr(" \t\r", *rest) != NULL)
		rest++;
	if (rest < line + len && *rest != ';' && *rest != '#')
		return err_set(err, ERR_PARSE, "text after [%.40s]", section);
	if (settings_find_section(section) == NULL)
		return settings_unknown_section(section, err);
	return 0;
}

static int check_line(const char *line, size_t len, size_t room,
                      struct err *err)
{
	/* libinih wants room for the line's end, \r\n and NUL */
	if (len > room - 3)
		return err_set(err, ERR_LIMIT,
		               "line longer than %zu characters", room - 3);
	if (memchr(line, '\0', len) != NULL)
		return err_set(err, ERR_PARSE, "a NUL byte");
	if (len > 0 && line[0] == '[')
		return check_section(line, len, err);
	if (len > 0 && strchr(";#\r", line[0]) == NULL &&
	    memchr(line, '=', len) == NULL && memchr(line, ':', len) == NULL)
		return err_set(err, ERR_PARSE,
		               "neither a [section] nor 'name = value'");
	return 0;
}

/* What fgets() is to ini_parse_file(). */
static char *next_line(char *out, int room, void *stream)
{
	struct parse *parse = stream;
	const char *line = parse->at;
	const char *newline;
	struct err why;
	size_t len;

	if (line == parse->end)
		return NULL;
	newline = memchr(line, '\n', (size_t)(parse->end - line));
	parse->at = newline != NULL ? newline + 1 : parse->end;
	parse->line++;
	len = (size_t)((newline != NULL ? newline : parse->end) - line);
	/* A line that begins with a space would be one that goes on. */
	for (; len > 0 && (*line == ' ' || *line == '\t'); len--)
		line++;
	if (check_line(line, len, (size_t)room, &why) < 0) {
		fail_at(parse, parse->line, &why);
		return strcpy(out, *line == '[' ? "[" NO_SECTION "]\n" : "\n");
	}
	memcpy(out, line, len);
	out[len] = '\n';
	out[len + 1] = '\0';
	return out;
}

/* Remarks of this line say where it stands. */
static void place_remarks(struct parse *parse, size_t from)
{
	struct conf_list *remarks = &parse->conf->remarks;

	for (size_t i = from; i < remarks->count; i++) {
		char *text = xasprintf("%.200s:%u: %s", parse->name,
		                       parse->line, remarks->items[i]);

		free(remarks->items[i]);
		remarks->items[i] = text;
	}
}

static int take_setting(struct parse *parse, const char *section,
                        const char *name, const char *text, struct err *err)
{
	const struct setting *row = settings_find(section, name);
	unsigned *given;
	size_t remarks;
	int rc;

	if (section[0] == '\0')
		return err_set(err, ERR_PARSE,
		               "'%.40s' appears before the first [section]",
		               name);
	if (row == NULL)
		return settings_unknown(section, name, err);
	given = &parse->conf->given[row - settings];
	if (*given > 0 && row->type != SETTING_LIST)
		return err_set(
			err, ERR_PARSE,
			"[%s] %s is set twice; the first time on line %u",
			section, name, *given);
	*given = parse->line;
	remarks = parse->conf->remarks.count;
	rc = value_read(row, text, parse->conf, err);
	place_remarks(parse, remarks);
	return rc;
}

/* libinih's handler: nonzero is good. */
static int on_setting(void *user, const char *section, const char *name,
                      const char *text)
{
	struct parse *parse = user;
	struct err why;

	if (strcmp(section, NO_SECTION) != 0 &&
	    take_setting(parse, section, name, text, &why) < 0)
		fail_at(parse, parse->line, &why);
	return 1;
}

int conf_read_text(struct conf *conf, const char *name, const char *text,
                   size_t len, struct err *err)
{
	struct parse parse = {
		.conf = conf,
		.name = name,
		.at = text,
		.end = text + len,
		.err = err,
	};
	struct err ignored, why;
	int bad_line;

	if (err == NULL)
		parse.err = err = &ignored;
	if (len > FILE_LARGEST)
		return err_set(err, ERR_LIMIT, "%.200s: larger than 1 MiB",
		               name);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		parse.at += 3; /* a byte order mark */
	free(conf->file);
	conf->file = xstrdup(name);
	memset(conf->given, 0, settings_count * sizeof(*conf->given));
	/* Debian's libinih has these as variables; elsewhere they were decided
	 * when it was built, and next_line() has to do with what it gets. */
#if HAVE_DECL_INI_MAX_LINE
	ini_allow_multiline = false;
	ini_use_stack = false;
	ini_max_line = LINE_ROOM;
	ini_initial_alloc = LINE_ROOM;
#endif
	bad_line = ini_parse_stream(next_line, &parse, on_setting, &parse);
	if (bad_line < 0)
		return err_set(err, ERR_IO,
		               "%.200s: not enough memory to read the file",
		               name);
	/* a line that our functions had nothing against: libinih had */
	if (bad_line > 0) {
		err_set(&why, ERR_PARSE,
		        "neither a [section] nor 'name = value'");
		fail_at(&parse, (unsigned)bad_line, &why);
	}
	return parse.fault_line > 0 ? err->class : 0;
}

int conf_read_file(struct conf *conf, const char *path, struct err *err)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	FILE *file = fopen(path, "re");
	char chunk[8192];
	size_t got;
	bool failed;

	if (file == NULL)
		return err_errno(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		                 "%.200s", path);
	while (text.len <= FILE_LARGEST &&
	       (got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		strbuf_add(&text, chunk, got);
	failed = ferror(file);
	if (failed)
		err_errno(err, ERR_IO, "%.200s", path);
	fclose(file);
	if (failed)
		return ERR_IO;
	return conf_read_text(conf, path, strbuf_text(&text), text.len, err);
}
