#include "model/dsn.h"

#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/span.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "model/detail_text.h"

enum {
	MESSAGE_MAX = 256 * 1024,
	DEPTH_MAX = 8, /* multiparts in multiparts */
	PARTS_MAX = 64,
	COLONS_MAX = 64,   /* in one field of a header */
	STATUS_DIGITS = 3, /* RFC 3463 section 2 */
};

/* --- one recipient's fields --- */

enum field { FINAL, ORIGINAL, ACTION, STATUS, DIAGNOSTIC, FIELDS };

/* What was read since the last recipient began. */
struct block {
	struct arena arena;
	struct dsn *dsn;
	struct dsn_recipient recipient;
	bool seen[FIELDS];
	bool ended; /* by an empty line */
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '-';
}

/* "rfc822; <tls@example.com>": without the type (which is missing at times)
 * and the brackets. */
static struct span bare_address(const char *value)
{
	struct span address = span_of(value), rest = address, type;

	if (span_until(&rest, ';', &type)) {
		type = span_trim(type);
		while (type.len > 0 && is_word(type.at[type.len - 1]))
			type.len--;
		if (type.len == 0)
			address = rest;
	}
	address = span_trim(address);
	if (address.len >= 2 && address.at[0] == '<' &&
	    address.at[address.len - 1] == '>') {
		span_drop(&address, 1);
		address.len--;
	}
	return span_trim(address);
}

/* An address that was cut or cleaned would be somebody else's: one that does
 * not fit is none. */
static void read_address(struct block *block, const char *value)
{
	struct dsn_recipient *recipient = &block->recipient;
	struct span address = bare_address(value);
	char text[sizeof(recipient->address)];

	if (address.len >= sizeof(text))
		return;
	memcpy(text, address.at, address.len);
	text[address.len] = '\0';
	if (text_is_plain(text))
		memcpy(recipient->address, text, address.len + 1);
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

static void read_action(struct block *block, const char *value)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct span action;

	strip_comments(value, &text);
	action = span_trim(span_of(strbuf_text(&text)));
	block->recipient.action = DSN_OTHER;
	/* "failure" and "delay" were seen, too */
	if (action.len >= 4 && strncasecmp(action.at, "fail", 4) == 0)
		block->recipient.action = DSN_FAILED;
	else if (action.len >= 5 && strncasecmp(action.at, "delay", 5) == 0)
		block->recipient.action = DSN_DELAYED;
}

static bool is_class(char c)
{
	return c == '2' || c == '4' || c == '5';
}

/* "5.1.10" at the beginning of a text, and not that of an IP address. */
static bool status_here(const char *text, int status[3])
{
	struct span rest = span_of(text);
	int64_t part[3];

	if (!is_class(*text) || !span_number(&rest, 1, &part[0]) ||
	    !span_skip(&rest, ".") ||
	    !span_number(&rest, STATUS_DIGITS, &part[1]) ||
	    !span_skip(&rest, ".") ||
	    !span_number(&rest, STATUS_DIGITS, &part[2]))
		return false;
	/* the span ends in a NUL: its first two bytes are there to be seen */
	if (is_word(rest.at[0]) || (rest.at[0] == '.' && is_word(rest.at[1])))
		return false;
	for (size_t i = 0; i < 3; i++)
		status[i] = (int)part[i];
	return true;
}

/* The first one in a text; of this class, unless that is 0. */
static bool find_status(const char *text, int class, int status[3])
{
	for (const char *c = text; *c != '\0'; c++) {
		int found[3];

		if (c > text && (isalnum((unsigned char)c[-1]) || c[-1] == '.'))
			continue;
		if (!status_here(c, found) || (class != 0 && found[0] != class))
			continue;
		memcpy(status, found, sizeof(found));
		return true;
	}
	return false;
}

static void read_status(struct block *block, const char *value)
{
	auto_(strbuf_clear) struct strbuf text = {0};

	strip_comments(value, &text);
	find_status(strbuf_text(&text), 0, block->recipient.status);
}

static void read_diagnostic(struct block *block, const char *value)
{
	char *out = block->recipient.diagnostic;
	size_t len;
	char *text = utf8_repair(&block->arena, value, strlen(value), &len);

	text = utf8_clean(&block->arena, text, len,
	                  sizeof(block->recipient.diagnostic) - 1);
	if (text != NULL)
		memcpy(out, text, strlen(text) + 1);
}

/* 5 of "550 no", 0 when there is no reply here. */
static int reply_class(const char *text)
{
	text += strspn(text, " <([#");
	if (!is_class(text[0]) || !isdigit((unsigned char)text[1]) ||
	    !isdigit((unsigned char)text[2]) ||
	    isalnum((unsigned char)text[3]) || text[3] == '.')
		return 0;
	return text[0] - '0';
}

/* "smtp; 550 5.1.1 who?", "smtp; 550 who?", "host mx said: 550 who?" */
static void status_of_diagnostic(struct dsn_recipient *recipient)
{
	const char *text = recipient->diagnostic;
	const char *semicolon = strchr(text, ';');
	const char *said = strstr(text, "said:");
	int class = reply_class(text);

	if (class == 0 && semicolon != NULL)
		class = reply_class(semicolon + 1);
	if (class == 0 && said != NULL)
		class = reply_class(said + strlen("said:"));
	if (!find_status(text, class, recipient->status))
		recipient->status[0] = class;
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

/* --- blocks --- */

static void block_begin(struct block *block)
{
	memset(&block->recipient, 0, sizeof(block->recipient));
	memset(block->seen, 0, sizeof(block->seen));
	block->recipient.action = DSN_OTHER;
	block->ended = false;
}

/* Keeps what was read when it is about somebody. */
static void block_finish(struct block *block)
{
	struct dsn_recipient *recipient = &block->recipient;
	struct dsn *dsn = block->dsn;

	if (recipient->address[0] == '\0' || dsn->count == DSN_RECIPIENTS_MAX)
		return;
	if (recipient->status[0] == 0)
		status_of_diagnostic(recipient);
	if (!block->seen[ACTION] && recipient->status[0] == 5)
		recipient->action = DSN_FAILED;
	if (!block->seen[ACTION] && recipient->status[0] == 4)
		recipient->action = DSN_DELAYED;
	dsn->recipients[dsn->count++] = *recipient;
}

/*
 * An empty line may be missing, or stand within a block.  So a block begins
 * where a recipient is named after such a line or a second time, or where any
 * field comes again after such a line.
 */
static bool begins_block(const struct block *block, enum field field)
{
	bool names = field == FINAL || field == ORIGINAL;

	return block->ended ? names || block->seen[field]
	                    : names && block->seen[field];
}

static void take_field(struct block *block, struct span name, const char *value)
{
	enum field field = 0;

	while (field < FIELDS &&
	       (strlen(fields[field].name) != name.len ||
	        strncasecmp(fields[field].name, name.at, name.len) != 0))
		field++;
	if (field == FIELDS)
		return;
	if (begins_block(block, field)) {
		block_finish(block);
		block_begin(block);
	}
	if (!block->seen[field])
		fields[field].read(block, value);
	block->seen[field] = true;
}

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

static bool is_folded(struct span rest)
{
	return rest.len > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t');
}

static void read_fields(struct block *block, struct span rest)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct span line, name;
	bool more;

	do {
		more = span_split(&rest, '\n', &line);
		if (is_empty(line))
			block->ended = true;
		if (!span_until(&line, ':', &name))
			continue;
		strbuf_reset(&value);
		add_line(&value, line);
		while (more && is_folded(rest)) {
			more = span_split(&rest, '\n', &line);
			add_line(&value, line);
		}
		take_field(block, span_trim(name), strbuf_text(&value));
	} while (more);
}

static int read_status_part(struct span text, struct dsn *dsn, struct err *err)
{
	struct block block = {.dsn = dsn};

	block_begin(&block);
	read_fields(&block, text);
	block_finish(&block);
	arena_clear(&block.arena);
	if (dsn->count == 0)
		return err_set(err, ERR_PARSE,
		               "dsn: the delivery status names no recipient");
	return 0;
}

/* --- the message --- */

static void unref(void *object)
{
	g_clear_object((GObject **)object);
}

struct search {
	size_t parts;
	bool cut; /* a limit was met: not all was looked at */
};

/* The first delivery-status below a part, lent; NULL: none.  What is in a
 * message/rfc822 was sent back or forwarded and is not about our mail. */
static GMimePart *find_part(struct search *search, GMimeObject *part,
                            size_t depth)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	GMimePart *found = NULL;
	int count;

	if (depth > DEPTH_MAX || ++search->parts > PARTS_MAX) {
		search->cut = true;
		return NULL;
	}
	if (GMIME_IS_PART(part)) {
		bool is_status =
			g_mime_content_type_is_type(type, "message",
		                                    "delivery-status") ||
			g_mime_content_type_is_type(type, "message",
		                                    "global-delivery-status");
		return is_status ? GMIME_PART(part) : NULL;
	}
	if (!GMIME_IS_MULTIPART(part))
		return NULL;
	count = g_mime_multipart_get_count(GMIME_MULTIPART(part));
	for (int i = 0; i < count && found == NULL && !search->cut; i++)
		found = find_part(
			search,
			g_mime_multipart_get_part(GMIME_MULTIPART(part), i),
			depth + 1);
	return found;
}

static int read_part(GMimePart *part, struct dsn *dsn, struct err *err)
{
	auto_(unref) GMimeStream *decoded = g_mime_stream_mem_new();
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GByteArray *bytes;

	if (content != NULL)
		g_mime_data_wrapper_write_to_stream(content, decoded);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(decoded));
	return read_status_part(
		(struct span){(const char *)bytes->data, bytes->len}, dsn, err);
}

static int read_message(GMimeMessage *message, struct dsn *dsn, struct err *err)
{
	GMimeObject *top = NULL;
	GMimePart *part = NULL;
	struct search search = {0};

	if (message != NULL)
		top = g_mime_message_get_mime_part(message);
	if (top != NULL)
		part = find_part(&search, top, 0);
	if (part != NULL)
		return read_part(part, dsn, err);
	if (search.cut)
		return err_set(err, ERR_LIMIT,
		               "dsn: more than %d parts, or nested deeper "
		               "than %d, and no delivery status among them",
		               PARTS_MAX, DEPTH_MAX);
	return err_set(err, ERR_NOTFOUND, "dsn: no delivery status in it");
}

/*
 * GMime 3.2.13 reads "To: a:b:c:..." as groups within groups, each a call
 * deeper, until the stack ends; and it reads the addresses of whatever message
 * is attached, too.  No field that we want has so many colons: those after
 * COLONS_MAX become dots.  What is no header is counted like one, for nothing
 * of it is shown.
 */
static void tame_groups(GByteArray *message)
{
	size_t colons = 0;

	for (size_t i = 0; i < message->len; i++) {
		uint8_t *c = &message->data[i];

		if (i > 0 && c[-1] == '\n' && *c != ' ' && *c != '\t')
			colons = 0;
		if (*c == ':' && ++colons > COLONS_MAX)
			*c = '.';
	}
}

int dsn_read(const void *message, size_t len, struct dsn *dsn, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	auto_(unref) GMimeStream *stream = NULL;
	auto_(unref) GMimeParser *parser = NULL;
	auto_(unref) GMimeMessage *parsed = NULL;

	memset(dsn, 0, sizeof(*dsn));
	if (len > MESSAGE_MAX)
		return err_set(err, ERR_LIMIT,
		               "dsn: a message of more than %d bytes",
		               MESSAGE_MAX);
	pthread_once(&once, g_mime_init);
	stream = g_mime_stream_mem_new_with_buffer(message, len);
	tame_groups(g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream)));
	parser = g_mime_parser_new_with_stream(stream);
	parsed = g_mime_parser_construct_message(parser, NULL);
	return read_message(parsed, dsn, err);
}
