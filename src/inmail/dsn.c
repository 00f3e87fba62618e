#include "inmail/dsn_read.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <gmime/gmime.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/span.h"
#include "base/utf8.h"
#include "inmail/mime_message.h"
#include "session/detail_text.h"

enum {
	MESSAGE_MAX = 256 * 1024,
};

static bool is_status(GMimePart *part)
{
	GMimeContentType *type =
		g_mime_object_get_content_type(GMIME_OBJECT(part));

	return g_mime_content_type_is_type(type, "message",
	                                   "delivery-status") ||
	       g_mime_content_type_is_type(type, "message",
	                                   "global-delivery-status");
}

static bool is_text(GMimePart *part)
{
	return g_mime_content_type_is_type(
		g_mime_object_get_content_type(GMIME_OBJECT(part)), "text",
		"plain");
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
	auto_(mime_unref) GMimeStream *decoded = g_mime_stream_mem_new();
	struct mime_search search = {0};
	struct span text = {"", 0};

	mime_find_text(&search, top, is_text, decoded, &text);
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
	auto_(mime_unref) GMimeStream *decoded = g_mime_stream_mem_new();
	GMimeObject *top = NULL;
	struct mime_search search = {0};
	struct span status = {"", 0};
	bool has_status = false;

	if (message != NULL)
		top = g_mime_message_get_mime_part(message);
	if (top != NULL)
		has_status = mime_find_text(&search, top, is_status, decoded,
		                            &status);
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
		               MIME_PARTS_MAX, MIME_DEPTH_MAX);
	return err_set(err, ERR_NOTFOUND,
	               "dsn: the message has no delivery status");
}

int dsn_read(const void *message, size_t len, struct dsn *dsn, struct err *err)
{
	auto_(mime_unref) GMimeMessage *parsed = NULL;

	memset(dsn, 0, sizeof(*dsn));
	if (len > MESSAGE_MAX)
		return err_set(err, ERR_LIMIT,
		               "dsn: the message is longer than %d bytes",
		               MESSAGE_MAX);
	parsed = mime_message_parse(message, len);
	return read_message(parsed, dsn, err);
}
