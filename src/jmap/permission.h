/*
 * permission - what a caller of the API may do, one bit each
 *
 * One row has the bit, which is stored with each token and never changes, and
 * the word that tokens, the session object, errors, help and completion have
 * for it.  Which method needs which stands in the rows of the types.
 */
#ifndef TLSTALLY_JMAP_PERMISSION_H
#define TLSTALLY_JMAP_PERMISSION_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"

/* clang-format off */
#define JMAP_PERMISSIONS(ROW)                                                  \
	ROW(REPORT_GET, 1 << 0, "sysTlsInternalReportGet")                     \
	ROW(REPORT_QUERY, 1 << 1, "sysTlsInternalReportQuery")                 \
	ROW(REPORT_CREATE, 1 << 2, "sysTlsInternalReportCreate")               \
	ROW(REPORT_UPDATE, 1 << 3, "sysTlsInternalReportUpdate")               \
	ROW(REPORT_DESTROY, 1 << 4, "sysTlsInternalReportDestroy")             \
	ROW(TALLY_READ, 1 << 5, "tallyRead")                                   \
	ROW(TALLY_MANAGE, 1 << 6, "tallyManage")                               \
	ROW(RECEIVED_GET, 1 << 7, "sysTlsExternalReportGet")                   \
	ROW(RECEIVED_QUERY, 1 << 8, "sysTlsExternalReportQuery")               \
	ROW(RECEIVED_DESTROY, 1 << 9, "sysTlsExternalReportDestroy")           \
	ROW(RECEIVED_DOWNLOAD, 1 << 10, "sysTlsExternalReportDownload")
/* clang-format on */

#define PERMISSION_BIT(name, bit, word) PERMIT_##name = bit,
#define PERMISSION_OR(name, bit, word) | (bit)

enum jmap_permission {
	JMAP_PERMISSIONS(PERMISSION_BIT)
	/* every bit there is */
	PERMIT_ALL = 0 JMAP_PERMISSIONS(PERMISSION_OR)
};

/* NULL for none of them. */
const char *jmap_permission_word(enum jmap_permission permission);
/* False when the word is none; then err names the nearest. */
bool jmap_permission_from_word(const char *word,
                               enum jmap_permission *permission,
                               struct err *err);
/* Their words, with "between" between two. */
void jmap_permission_list(unsigned permissions, const char *between,
                          struct strbuf *out);

#endif
