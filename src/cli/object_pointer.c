#include "cli/object_pointer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/nearest.h"
#include "base/xalloc.h"

struct walk {
	const struct property_table *table; /* of the next name */
	const char *text;                   /* all of it */
	const char *rest;                   /* behind the last step; NULL */
	struct object_pointer *pointer;
	struct err *err;
};

void object_pointer_choices(const struct property_table *table,
                            const char *name, struct strbuf *out)
{
	struct nearest nearest = nearest_to(name);
	char ask[NEAREST_ASK];

	for (size_t i = 0; i < table->count; i++)
		nearest_offer(&nearest, table->rows[i].name);
	strbuf_puts(out, nearest_ask(&nearest, ask));
	for (size_t i = 0; i < table->count && nearest.name == NULL; i++)
		strbuf_printf(out, "%s%s", i > 0 ? ", " : ": the fields are ",
		              table->rows[i].name);
}

/* "~1" is "/" and "~0" is "~" (RFC 6901). */
static char *unescape(const char *text, size_t len)
{
	char *out = xstrndup(text, len), *to = out;

	for (const char *from = out; *from != '\0'; from++) {
		if (from[0] == '~' && (from[1] == '0' || from[1] == '1'))
			*to++ = *++from == '0' ? '~' : '/';
		else
			*to++ = *from;
	}
	*to = '\0';
	return out;
}

static int fail(const struct walk *walk, const char *words)
{
	return err_set(walk->err, ERR_PARSE, "%.100s: %s", walk->text, words);
}

static int add_step(struct walk *walk, char *step)
{
	struct object_pointer *pointer = walk->pointer;

	if (pointer->step_count == POINTER_STEPS_MAX) {
		free(step);
		return fail(walk, "the path is too long");
	}
	pointer->steps[pointer->step_count++] = step;
	return 0;
}

/* The next part of the text, up to its slash. */
static int take_step(struct walk *walk)
{
	const char *slash = strchr(walk->rest, '/');
	size_t len = slash ? (size_t)(slash - walk->rest) : strlen(walk->rest);
	char *step = unescape(walk->rest, len);

	walk->rest = slash ? slash + 1 : NULL;
	return add_step(walk, step);
}

static const char *last_step(const struct walk *walk)
{
	return walk->pointer->steps[walk->pointer->step_count - 1];
}

static int unknown(const struct walk *walk)
{
	auto_(strbuf_clear) struct strbuf choices = {0};

	object_pointer_choices(walk->table, last_step(walk), &choices);
	return err_set(walk->err, ERR_PARSE, "%.100s: unknown field%s",
	               walk->text, strbuf_text(&choices));
}

/* Whatever else there is of it: "https://a.example/x" is one item. */
static int take_item(struct walk *walk)
{
	const char *rest = walk->rest;

	walk->pointer->at = POINTS_AT_ITEM;
	walk->rest = NULL;
	if (rest[0] == '\0')
		return fail(walk, "the item of the list is missing");
	return add_step(walk, strchr(rest, '/') ? xstrdup(rest)
	                                        : unescape(rest, strlen(rest)));
}

static int take_index(struct walk *walk)
{
	const char *step;

	if (take_step(walk) < 0)
		return ERR_PARSE;
	step = last_step(walk);
	if (step[0] == '\0' || step[strspn(step, "0123456789")] != '\0')
		return fail(walk, "this is a list: its items have numbers, "
		                  "starting with 0");
	walk->pointer->at = POINTS_AT_OBJECT;
	walk->pointer->in_item = true;
	walk->table = walk->pointer->row->items;
	return 0;
}

static int take_name(struct walk *walk)
{
	const struct property *row;

	if (take_step(walk) < 0)
		return ERR_PARSE;
	row = property_find(walk->table, last_step(walk));
	if (row == NULL)
		return unknown(walk);
	walk->pointer->row = row;
	walk->pointer->table = walk->table;
	walk->pointer->at = POINTS_AT_FIELD;
	if (row->kind->read == NULL)
		return fail(walk, "set by the server");
	if (walk->rest == NULL)
		return 0;
	if (property_is_list(row))
		return row->items ? take_index(walk) : take_item(walk);
	walk->table = row->items;
	return row->items ? 0 : fail(walk, "has no members");
}

int object_pointer_read(const struct property_table *table, const char *text,
                        struct object_pointer *pointer, struct err *err)
{
	struct walk walk = {.table = table,
	                    .text = text,
	                    .rest = text,
	                    .pointer = pointer,
	                    .err = err};

	*pointer = (struct object_pointer){.row = NULL};
	while (walk.rest != NULL)
		if (take_name(&walk) < 0)
			return ERR_PARSE;
	return 0;
}

void object_pointer_clear(struct object_pointer *pointer)
{
	for (size_t i = 0; i < pointer->step_count; i++)
		free(pointer->steps[i]);
	pointer->step_count = 0;
}

void object_pointer_write(const struct object_pointer *pointer,
                          struct strbuf *out)
{
	for (size_t i = 0; i < pointer->step_count; i++) {
		if (i > 0)
			strbuf_putc(out, '/');
		for (const char *c = pointer->steps[i]; *c != '\0'; c++) {
			if (*c == '~' || *c == '/')
				strbuf_puts(out, *c == '~' ? "~0" : "~1");
			else
				strbuf_putc(out, *c);
		}
	}
}
