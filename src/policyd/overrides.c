#include "policyd/overrides.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/auto.h"
#include "base/domain.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "domain/policy_text.h"

enum {
	ROWS_MAX = 1000000,
	KEY_LONG = 1024,
	SHOWN = 60,
};

struct row {
	const char *key; /* lower case; a domain's in A-labels */
	const char *text;
	size_t line;
};

struct overrides {
	struct arena arena;
	struct row *rows; /* sorted by key */
	size_t count, room;
};

/* A line with those that continue it, joined by blanks. */
struct line {
	struct strbuf text;
	size_t number; /* of the first */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->key,
	              ((const struct row *)b)->key);
}

/* "Example.COM" and ".example.com" as we are asked; what is no domain
 * ("[host]:25") in lower case. */
static const char *canonical_key(struct span key, char out[KEY_LONG + 1])
{
	bool parent = span_starts(key, ".");
	char domain[DOMAIN_TEXT];

	if (key.len > KEY_LONG)
		return NULL;
	if (domain_canonical(key.at + parent, key.len - parent, domain, NULL) ==
	    0) {
		snprintf(out, KEY_LONG + 1, "%s%s", parent ? "." : "", domain);
		return out;
	}
	for (size_t i = 0; i < key.len; i++)
		out[i] = ascii_lower(key.at[i]);
	out[key.len] = '\0';
	return out;
}

static int add_row(struct overrides *table, const struct line *line,
                   struct span key, struct span text, struct err *err)
{
	char canonical[KEY_LONG + 1], shown[SHOWN];
	struct row row = {.line = line->number};

	if (table->count == ROWS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d lines", ROWS_MAX);
	if (canonical_key(key, canonical) == NULL)
		return err_set(err, ERR_LIMIT, "line %zu: the key is too long",
		               line->number);
	if (text.len == strlen("dunno") &&
	    strncasecmp(text.at, "dunno", text.len) == 0)
		text.len = 0;
	else if (policy_text_check(text.at, text.len, true, err) < 0)
		return err_prefix(
			err, "line %zu: %s", line->number,
			log_escape(shown, sizeof(shown), key.at, key.len));
	row.key = arena_strdup(&table->arena, canonical);
	row.text = arena_strndup(&table->arena, text.at, text.len);
	if (table->count == table->room) {
		table->room = table->room > 0 ? 2 * table->room : 64;
		table->rows = xrealloc(table->rows, table->room,
		                       sizeof(*table->rows));
	}
	table->rows[table->count++] = row;
	return 0;
}

/* What was joined until now is a row. */
static int end_line(struct overrides *table, struct line *line, struct err *err)
{
	struct span rest = {strbuf_text(&line->text), line->text.len}, key;
	char shown[SHOWN];
	size_t len = 0;
	int rc;

	if (line->text.len == 0)
		return 0;
	while (len < rest.len && !is_blank(rest.at[len]))
		len++;
	key = (struct span){rest.at, len};
	span_drop(&rest, len);
	rest = span_trim(rest);
	rc = rest.len > 0
	             ? add_row(table, line, key, rest, err)
	             : err_set(err, ERR_PARSE, "line %zu: no policy for '%s'",
	                       line->number,
	                       log_escape(shown, sizeof(shown), key.at,
	                                  key.len));
	strbuf_reset(&line->text);
	return rc;
}

static struct span trim_line(struct span text)
{
	while (text.len > 0 && is_blank(text.at[text.len - 1]))
		text.len--;
	return text;
}

static int read_line(struct overrides *table, struct line *line,
                     struct span text, size_t number, struct err *err)
{
	struct span all = trim_line(text);
	bool continues = text.len > 0 && is_blank(text.at[0]);

	/* as postmap(1): an empty line and a comment end nothing */
	if (all.len == 0 || span_trim(all).at[0] == '#')
		return 0;
	if (continues && line->text.len == 0)
		return err_set(err, ERR_PARSE,
		               "line %zu begins with white space, and there is "
		               "none before it that it could continue",
		               number);
	if (!continues) {
		if (end_line(table, line, err) < 0)
			return ERR_PARSE;
		line->number = number;
	} else {
		strbuf_putc(&line->text, ' ');
	}
	all = span_trim(all);
	for (size_t i = 0; i < all.len; i++)
		strbuf_putc(&line->text, is_blank(all.at[i]) ? ' ' : all.at[i]);
	return 0;
}

static int check_twice(const struct overrides *table, struct err *err)
{
	for (size_t i = 1; i < table->count; i++) {
		const struct row *a = &table->rows[i - 1], *b = a + 1;
		char shown[SHOWN];

		if (strcmp(a->key, b->key) == 0)
			return err_set(err, ERR_PARSE,
			               "lines %zu and %zu have the same key "
			               "'%s'",
			               a->line < b->line ? a->line : b->line,
			               a->line < b->line ? b->line : a->line,
			               log_escape(shown, sizeof(shown), a->key,
			                          strlen(a->key)));
	}
	return 0;
}

int overrides_read(struct overrides **out, const char *text, size_t len,
                   struct err *err)
{
	auto_(overrides_free) struct overrides *table =
		xcalloc(1, sizeof(*table));
	struct line line = {.number = 0};
	struct span rest = {text, len}, part;
	size_t number = 0;
	int rc = 0;
	bool more;

	do {
		more = span_split(&rest, '\n', &part);
		rc = read_line(table, &line, part, ++number, err);
	} while (rc == 0 && more);
	if (rc == 0)
		rc = end_line(table, &line, err);
	strbuf_clear(&line.text);
	if (rc < 0)
		return rc;
	if (table->count > 0)
		qsort(table->rows, table->count, sizeof(*table->rows),
		      compare_rows);
	if (check_twice(table, err) < 0)
		return ERR_PARSE;
	*out = table;
	table = NULL;
	return 0;
}

void overrides_free(struct overrides **table)
{
	if (*table == NULL)
		return;
	arena_clear(&(*table)->arena);
	free((*table)->rows);
	free(*table);
	*table = NULL;
}

size_t overrides_count(const struct overrides *table)
{
	return table != NULL ? table->count : 0;
}

static const char *find_key(const struct overrides *table, const char *key)
{
	const struct row wanted = {.key = key};
	const struct row *row = bsearch(&wanted, table->rows, table->count,
	                                sizeof(wanted), compare_rows);

	return row != NULL ? row->text : NULL;
}

const char *overrides_find(const struct overrides *table, struct span key)
{
	char canonical[KEY_LONG + 1];
	const char *at, *text;

	if (table == NULL || table->count == 0 || span_starts(key, ".") ||
	    memchr(key.at, '\0', key.len) != NULL ||
	    canonical_key(key, canonical) == NULL)
		return NULL;
	text = find_key(table, canonical);
	/* next hops have no parents */
	if (text != NULL || !domain_is_host(canonical))
		return text;
	for (at = strchr(canonical, '.'); text == NULL && at != NULL;
	     at = strchr(at + 1, '.'))
		text = find_key(table, at);
	return text;
}
