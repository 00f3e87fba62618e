/*
 * object_id - the numbers of reports as Ids of the API
 *
 * 13 characters, a letter and base32 with digits before letters, so that the
 * order of the texts is that of the numbers, and so of time.
 */
#ifndef TLSTALLY_API_OBJECT_ID_H
#define TLSTALLY_API_OBJECT_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { OBJECT_ID_TEXT = 14 }; /* room for 13 characters */

const char *object_id_format(uint64_t id, char out[OBJECT_ID_TEXT]);
bool object_id_parse(const char *text, uint64_t *id);

#endif
