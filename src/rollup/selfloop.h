/*
 * selfloop - keep our own reports from making reports
 *
 * A report to tls@example.com is mail: its SMTP session is counted for
 * example.com, whose report the next day is mail again, and so on for ever.
 * RFC 8460 section 3: "report delivery sessions SHOULD NOT be included in the
 * next report".  Postfix from 3.10.4 on sends no event for mail with
 * "TLS-Required: No", which ours has, unless tls_required_enable = no; before
 * that nothing in an event tells
 * whose message it was.
 *
 * There, and only there: when the day's sessions of a domain are no more than
 * the reports that we handed over for recipients in it, they were ours.  That
 * day's reports count, and of the day before those that had no session then,
 * since theirs may have come after midnight.  All of the day before's would be
 * too many: a domain that gets one user's mail a day keeps its report.
 *
 * On a day through which the milter ran (own_seen_is_whole()) its count of our
 * reports is exact and taken: what was handed to another site's relay has no
 * session here, and reports of another host of ours that come through this
 * Postfix have one.  On other days it is the attempts to deliver.
 */
#ifndef TLSTALLY_ROLLUP_SELFLOOP_H
#define TLSTALLY_ROLLUP_SELFLOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "store/db.h"
#include "store/tally_table.h"

/*
 * Can the sessions of that day contain those of our own reports?  By setting,
 * or (auto) unless only the log was counted, or the events of the last days
 * came from a Postfix of 3.10.5 or later, which names the policy domain of a
 * no-policy-found; but with tls_required_enable = no (events_have_ours) those
 * have them, too, and nothing in an event tells.
 */
bool selfloop_possible(struct db_txn *txn, const struct conf *conf, int32_t day,
                       bool events_have_ours);

/* Are these sessions no more than our own reports'? */
bool selfloop_is(struct db_txn *txn, int32_t day, const char *domain,
                 const struct tally_head *head);

#endif
