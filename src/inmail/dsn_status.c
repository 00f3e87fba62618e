/*
 * The fields of a delivery status (RFC 3464 section 2).
 *
 * A group of fields for the message, then one for each recipient, an empty line
 * between them.  Real ones leave that line out, put one in the middle of a
 * group, and have the fields in any order: Amazon SES and Exim write Action
 * before Final-Recipient.
 */
#include "inmail/dsn_read.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/strbuf.h"

enum field { FINAL, ORIGINAL, ACTION, STATUS, DIAGNOSTIC, FIELDS };

#define BIT(field) (1u << (field))
#define NAMES (BIT(FINAL) | BIT(ORIGINAL))

/* One recipient. */
struct block {
	struct dsn *dsn;
	struct dsn_recipient recipient;
	int status[3];
	struct strbuf diagnostic;
	unsigned seen;    /* fields */
	enum field first; /* of those */
};

static void read_address(struct block *block, const char *value)
{
	dsn_set_address(&block->recipient, span_of(value));
}

static void read_original(struct block *block, const char *value)
{
	if (block->recipient.address[0] == '\0')
		read_address(block, value);
}

/* Comments go; they nest (RFC 5322 section 3.2.2), and one may not end. */
static void strip_comments(const char *value, struct strbuf *out)
{
	size_t depth = 0;

	for (const char *c = value; *c != '\0'; c++) {
		if (*c == '(')
			depth++;
		else if (*c == ')' && depth > 0)
			depth--;
		else if (*c == '\\' && depth > 0 && c[1] != '\0')
			c++;
		else if (depth == 0)
			strbuf_putc(out, *c);
	}
}

/* By how it begins: "failure" and "delay" were seen, too.  SendGrid says
 * "expired" when it has given up. */
static const struct {
	const char *word;
	enum dsn_action action;
} actions[] = {
	{"fail", DSN_FAILED},
	{"expire", DSN_FAILED},
	{"delay", DSN_DELAYED},
};

static void read_action(struct block *block, const char *value)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct span action;

	strip_comments(value, &text);
	action = span_trim(span_of(strbuf_text(&text)));
	block->recipient.action = DSN_OTHER;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		size_t len = strlen(actions[i].word);

		if (action.len >= len &&
		    strncasecmp(action.at, actions[i].word, len) == 0)
			block->recipient.action = actions[i].action;
	}
}

/* "5.1.1 (text)", "(text) 5.1.1", "5.2.2 Mailbox full." */
static void read_status(struct block *block, const char *value)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct span rest;

	strip_comments(value, &text);
	rest = span_trim(span_of(strbuf_text(&text)));
	while (rest.len > 0 && !refusal_status_here(rest, block->status)) {
		while (rest.len > 0 && rest.at[0] != ' ')
			span_drop(&rest, 1);
		rest = span_trim(rest);
	}
}

static void read_diagnostic(struct block *block, const char *value)
{
	strbuf_puts(&block->diagnostic, value);
}

static const struct {
	const char *name;
	void (*read)(struct block *block, const char *value);
} fields[FIELDS] = {
	[FINAL] = {"Final-Recipient", read_address},
	[ORIGINAL] = {"Original-Recipient", read_original},
	[ACTION] = {"Action", read_action},
	[STATUS] = {"Status", read_status},
	[DIAGNOSTIC] = {"Diagnostic-Code", read_diagnostic},
};

/* FIELDS: none of ours. */
static enum field field_of(struct span name)
{
	enum field field = 0;

	name = span_trim(name);
	while (field < FIELDS &&
	       (strlen(fields[field].name) != name.len ||
	        strncasecmp(fields[field].name, name.at, name.len) != 0))
		field++;
	return field;
}

static void block_begin(struct block *block)
{
	memset(&block->recipient, 0, sizeof(block->recipient));
	memset(block->status, 0, sizeof(block->status));
	strbuf_reset(&block->diagnostic);
	block->recipient.action = DSN_OTHER;
	block->seen = 0;
}

/* Keeps what was read when it is about somebody. */
static void block_finish(struct block *block)
{
	struct dsn_recipient *recipient = &block->recipient;

	dsn_set_refusal(recipient, span_of(strbuf_text(&block->diagnostic)),
	                block->status);
	if (!(block->seen & BIT(ACTION)) && recipient->status[0] == 5)
		recipient->action = DSN_FAILED;
	if (!(block->seen & BIT(ACTION)) && recipient->status[0] == 4)
		recipient->action = DSN_DELAYED;
	dsn_add(block->dsn, recipient);
}

static void next_block(struct block *block)
{
	block_finish(block);
	block_begin(block);
}

static void take_field(struct block *block, enum field field, const char *value)
{
	/* within a group: a second recipient, or what began the first one */
	if (block->seen & BIT(field) &&
	    (BIT(field) & NAMES ||
	     (field == block->first && block->seen & NAMES)))
		next_block(block);
	if (block->seen == 0)
		block->first = field;
	if (!(block->seen & BIT(field)))
		fields[field].read(block, value);
	block->seen |= BIT(field);
}

/* --- lines and groups --- */

/* A line without its end, as text with every run of blanks a space; a NUL
 * would end it early and becomes one. */
static void add_line(struct strbuf *text, struct span line)
{
	bool blank = true;

	for (size_t i = 0; i < line.len; i++) {
		char c = line.at[i];
		bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\0';

		if (!is_blank && blank && text->len > 0)
			strbuf_putc(text, ' ');
		if (!is_blank)
			strbuf_putc(text, c);
		blank = is_blank;
	}
}

static bool is_empty(struct span line)
{
	return line.len == 0 || (line.len == 1 && line.at[0] == '\r');
}

/* Up to and without an empty line; false at the end of all. */
static bool next_group(struct span *rest, struct span *group)
{
	struct span line;
	size_t len = 0;

	if (rest->len == 0)
		return false;
	*group = *rest;
	while (span_split(rest, '\n', &line) && !is_empty(line))
		len += line.len + 1;
	if (rest->len == 0 && !is_empty(line))
		len = group->len;
	group->len = len;
	return true;
}

/* The next field of ours in a group, with what is folded below it; false at
 * the group's end. */
static bool next_field(struct span *group, enum field *field,
                       struct strbuf *value)
{
	struct span line, name;

	while (group->len > 0) {
		span_split(group, '\n', &line);
		if (!span_until(&line, ':', &name))
			continue;
		strbuf_reset(value);
		add_line(value, line);
		while (span_starts(*group, " ") || span_starts(*group, "\t")) {
			span_split(group, '\n', &line);
			add_line(value, line);
		}
		*field = field_of(name);
		if (*field < FIELDS)
			return true;
	}
	return false;
}

/*
 * A group begins a recipient when it names one and another was named, or has a
 * field that was there.  Else it goes on with what the groups before it left:
 * an empty line too many.
 */
static void read_group(struct block *block, struct span group)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct span rest = group;
	unsigned has = 0;
	enum field field;

	while (next_field(&rest, &field, &value))
		has |= BIT(field);
	if ((has & NAMES && block->seen & NAMES) || has & block->seen)
		next_block(block);
	while (next_field(&group, &field, &value))
		take_field(block, field, strbuf_text(&value));
}

void dsn_read_status(struct span text, struct dsn *dsn)
{
	struct block block = {.dsn = dsn};
	struct span group;

	block_begin(&block);
	while (next_group(&text, &group))
		read_group(&block, group);
	block_finish(&block);
	strbuf_clear(&block.diagnostic);
}
