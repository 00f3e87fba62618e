/*
 * received_pack - the reports in what somebody sent: gzip, zip or plain
 *
 * Told apart by their first bytes, for the media types and names that senders
 * give are often others'.  All that a file unpacks to together is at most
 * RECEIVED_JSON_MAX bytes, and is thrown away as soon as it is read, so a bomb
 * costs a moment.
 */
#ifndef TLSTALLY_RECEIVED_RECEIVED_PACK_H
#define TLSTALLY_RECEIVED_RECEIVED_PACK_H

#include <stddef.h>

#include "base/err.h"

enum { RECEIVED_FILES_MAX = 1000 /* of a zip archive */ };

/* One file's plain bytes, lent; its name in the archive, printable, or NULL.
 * Not 0 ends it. */
typedef int received_file_fn(void *arg, const char *name, const void *data,
                             size_t len);

/*
 * 0, or what `each` returned; ERR_PARSE: damaged or encrypted; ERR_LIMIT: it
 * unpacks to more than RECEIVED_JSON_MAX bytes or has more than
 * RECEIVED_FILES_MAX files.  What was given to `each` before stays given.
 */
int received_unpack(const void *data, size_t len, received_file_fn *each,
                    void *arg, struct err *err);

#endif
