#include "outbox/blob_id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object_id.h"

enum { ID_LEN = OBJECT_ID_TEXT - 1, INDEX_DIGITS = 5 };

static const char json_word[] = "json", gzip_word[] = "gzip";

const char *blob_id(uint64_t report, enum blob_form form, uint16_t index,
                    struct arena *mem)
{
	char id[OBJECT_ID_TEXT];

	object_id_format(report, id);
	if (form == BLOB_LETTER)
		return arena_printf(mem, "%s-%u", id, (unsigned)index);
	return arena_printf(mem, "%s-%s", id,
	                    form == BLOB_JSON ? json_word : gzip_word);
}

/* "0", "17": as they are written, so that a blob has one id. */
static bool read_index(const char *text, uint16_t *index)
{
	size_t len = strspn(text, "0123456789");
	unsigned long number;

	if (len == 0 || len > INDEX_DIGITS || text[len] != '\0' ||
	    (len > 1 && text[0] == '0'))
		return false;
	number = strtoul(text, NULL, 10);
	*index = (uint16_t)number;
	return number <= UINT16_MAX;
}

bool blob_id_parse(const char *text, uint64_t *report, enum blob_form *form,
                   uint16_t *index)
{
	const char *word = text + ID_LEN + 1;
	char id[OBJECT_ID_TEXT];

	*index = 0;
	if (strlen(text) <= ID_LEN || text[ID_LEN] != '-')
		return false;
	snprintf(id, sizeof(id), "%.*s", ID_LEN, text);
	if (!object_id_parse(id, report))
		return false;
	if (strcmp(word, json_word) == 0)
		*form = BLOB_JSON;
	else if (strcmp(word, gzip_word) == 0)
		*form = BLOB_GZIP;
	else
		*form = BLOB_LETTER;
	return *form != BLOB_LETTER || read_index(word, index);
}
