#include "inmail/dsn_read.h"

#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <gmime/gmime.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/span.h"
#include "base/utf8.h"
#include "session/detail_text.h"

enum {
	MESSAGE_MAX = 256 * 1024,
	DEPTH_MAX = 8, /* multiparts in multiparts */
	PARTS_MAX = 64,
	COLONS_MAX = 64, /* in one field of a header */
};

static void unref(void *object)
{
	g_clear_object((GObject **)object);
}

struct search {
	size_t parts;
	bool cut; /* a limit was met: not all was looked at */
};

typedef bool wanted_fn(GMimeContentType *type);

static bool is_status(GMimeContentType *type)
{
	return g_mime_content_type_is_type(type, "message",
	                                   "delivery-status") ||
	       g_mime_content_type_is_type(type, "message",
	                                   "global-delivery-status");
}

static bool is_text(GMimeContentType *type)
{
	return g_mime_content_type_is_type(type, "text", "plain");
}

/* The first part below this one that is wanted, lent; NULL: none.  What is in
 * a message/rfc822 was sent back or forwarded and is not about our mail. */
static GMimePart *find_part(struct search *search, GMimeObject *part,
                            size_t depth, wanted_fn *wanted)
{
	GMimePart *found = NULL;
	int count;

	if (depth > DEPTH_MAX || ++search->parts > PARTS_MAX) {
		search->cut = true;
		return NULL;
	}
	if (GMIME_IS_PART(part))
		return wanted(g_mime_object_get_content_type(part))
		               ? GMIME_PART(part)
		               : NULL;
	if (!GMIME_IS_MULTIPART(part))
		return NULL;
	count = g_mime_multipart_get_count(GMIME_MULTIPART(part));
	for (int i = 0; i < count && found == NULL && !search->cut; i++)
		found = find_part(
			search,
			g_mime_multipart_get_part(GMIME_MULTIPART(part), i),
			depth + 1, wanted);
	return found;
}

/* The decoded bytes of the first part that is wanted, in the stream; false:
 * there is none. */
static bool decode_part(struct search *search, GMimeObject *top,
                        wanted_fn *wanted, GMimeStream *decoded,
                        struct span *text)
{
	GMimePart *part = find_part(search, top, 0, wanted);
	GMimeDataWrapper *content;
	GByteArray *bytes;

	if (part == NULL)
		return false;
	content = g_mime_part_get_content(part);
	if (content != NULL)
		g_mime_data_wrapper_write_to_stream(content, decoded);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(decoded));
	*text = (struct span){(const char *)bytes->data, bytes->len};
	return true;
}

/* Mail delivery agents say there alone that a mailbox is full. */
static void hear_text(struct span text, struct dsn *dsn)
{
	if (!refusal_words_full(text))
		return;
	for (size_t i = 0; i < dsn->count; i++)
		if (dsn->recipients[i].refusal == REFUSAL_NO_SUCH_ADDRESS ||
		    dsn->recipients[i].refusal == REFUSAL_IN_DOUBT)
			dsn->recipients[i].refusal = REFUSAL_PASSING;
}

/* Where the status names nobody, the header and the words for people do. */
static void read_words(GMimeMessage *message, GMimeObject *top, struct dsn *dsn)
{
	auto_(unref) GMimeStream *decoded = g_mime_stream_mem_new();
	struct search search = {0};
	struct span text = {"", 0};

	decode_part(&search, top, is_text, decoded, &text);
	if (dsn->count == 0)
		dsn_read_text(text,
		              g_mime_object_get_header(GMIME_OBJECT(message),
		                                       "X-Failed-Recipients"),
		              dsn);
	else
		hear_text(text, dsn);
}

static int read_message(GMimeMessage *message, struct dsn *dsn, struct err *err)
{
	auto_(unref) GMimeStream *decoded = g_mime_stream_mem_new();
	GMimeObject *top = NULL;
	struct search search = {0};
	struct span status = {"", 0};
	bool has_status = false;

	if (message != NULL)
		top = g_mime_message_get_mime_part(message);
	if (top != NULL)
		has_status =
			decode_part(&search, top, is_status, decoded, &status);
	if (has_status)
		dsn_read_status(status, dsn);
	if (top != NULL)
		read_words(message, top, dsn);
	if (dsn->count > 0)
		return 0;
	if (has_status)
		return err_set(err, ERR_PARSE,
		               "dsn: the delivery status has no recipient");
	if (search.cut)
		return err_set(err, ERR_LIMIT,
		               "dsn: no delivery status within the first %d "
		               "parts and %d levels",
		               PARTS_MAX, DEPTH_MAX);
	return err_set(err, ERR_NOTFOUND,
	               "dsn: the message has no delivery status");
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
		               "dsn: the message is longer than %d bytes",
		               MESSAGE_MAX);
	pthread_once(&once, g_mime_init);
	stream = g_mime_stream_mem_new_with_buffer(message, len);
	tame_groups(g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream)));
	parser = g_mime_parser_new_with_stream(stream);
	parsed = g_mime_parser_construct_message(parser, NULL);
	return read_message(parsed, dsn, err);
}
