#include "inmail/mime_message.h"

#include <pthread.h>
#include <stdint.h>

#include "base/auto.h"

enum { COLONS_MAX = 64 /* in one field of a header */ };

void mime_unref(void *object)
{
	g_clear_object((GObject **)object);
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

GMimeMessage *mime_message_parse(const void *message, size_t len)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	auto_(mime_unref) GMimeStream *stream = NULL;
	auto_(mime_unref) GMimeParser *parser = NULL;

	pthread_once(&once, g_mime_init);
	stream = g_mime_stream_mem_new_with_buffer(message, len);
	tame_groups(g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream)));
	parser = g_mime_parser_new_with_stream(stream);
	return g_mime_parser_construct_message(parser, NULL);
}

static GMimePart *find_part(struct mime_search *search, GMimeObject *part,
                            size_t depth, mime_wanted_fn *wanted)
{
	GMimePart *found = NULL;
	int count;

	if (depth > MIME_DEPTH_MAX || ++search->parts > MIME_PARTS_MAX) {
		search->cut = true;
		return NULL;
	}
	if (GMIME_IS_PART(part))
		return wanted(GMIME_PART(part)) ? GMIME_PART(part) : NULL;
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

GMimePart *mime_find_part(struct mime_search *search, GMimeObject *top,
                          mime_wanted_fn *wanted)
{
	return find_part(search, top, 0, wanted);
}

struct span mime_part_text(GMimePart *part, GMimeStream *decoded)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GByteArray *bytes;

	if (content != NULL)
		g_mime_data_wrapper_write_to_stream(content, decoded);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(decoded));
	return (struct span){(const char *)bytes->data, bytes->len};
}

bool mime_find_text(struct mime_search *search, GMimeObject *top,
                    mime_wanted_fn *wanted, GMimeStream *decoded,
                    struct span *text)
{
	GMimePart *part = mime_find_part(search, top, wanted);

	if (part != NULL)
		*text = mime_part_text(part, decoded);
	return part != NULL;
}
