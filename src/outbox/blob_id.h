/*
 * blob_id - the forms of a report that can be downloaded, by name
 *
 * Each has a blobId (RFC 8620 section 6.2), which are the report's id and the
 * form: "a0000000002gk-json", "a0000000002gk-gzip", and for what goes to its
 * third destination "a0000000002gk-2".  Of what others report about us (store/
 * received_table.h), which has ids of its own: "a0000000002gk-received-json".
 */
#ifndef TLSTALLY_OUTBOX_BLOB_ID_H
#define TLSTALLY_OUTBOX_BLOB_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum blob_form {
	BLOB_JSON,   /* application/tlsrpt+json */
	BLOB_GZIP,   /* application/tlsrpt+gzip */
	BLOB_LETTER, /* to one destination: message/rfc822, or the gzip */
	BLOB_RECEIVED_JSON, /* what others sent, unpacked */
	BLOB_RECEIVED_GZIP, /* and as it is kept */
};

const char *blob_id(uint64_t report, enum blob_form form, uint16_t index,
                    struct arena *mem);
bool blob_id_parse(const char *text, uint64_t *report, enum blob_form *form,
                   uint16_t *index);

#endif
