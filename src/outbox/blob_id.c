#include "outbox/blob_id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object_id.h"

enum { ID_LEN = OBJECT_ID_TEXT - 1, INDEX_DIGITS = 5 };

/* BLOB_LETTER has a number instead. */
static const char *const form_words[] = {
	[BLOB_JSON] = "json",
	[BLOB_GZIP] = "gzip",
	[BLOB_RECEIVED_JSON] = "received-json",
	[BLOB_RECEIVED_GZIP] = "received-gzip",
};
enum { FORMS = sizeof(form_words) / sizeof(form_words[0]) };

const char *blob_id(uint64_t report, enum blob_form form, uint16_t index,
                    struct arena *mem)
{
	char id[OBJECT_ID_TEXT];

	object_id_format(report, id);
	if (form == BLOB_LETTER)
		return arena_printf(mem, "%s-%u", id, (unsigned)index);
	return arena_printf(mem, "%s-%s", id, form_words[form]);
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
	for (size_t i = 0; i < FORMS; i++)
		if (form_words[i] != NULL && strcmp(word, form_words[i]) == 0) {
			*form = (enum blob_form)i;
			return true;
		}
	*form = BLOB_LETTER;
	return read_index(word, index);
}
