/*
 * sealed_merge - one domain's day of several hosts becomes one
 *
 *     sealed_merge_begin(merge)
 *     sealed_merge_add(merge, &of_mx1)
 *     sealed_merge_add(merge, &of_mx2)
 *     domain = sealed_merge_end(merge)
 *
 * Sums are added, equal policies and equal failure details together; then what
 * is past the caps of a domain is folded, once.  The newest valid record wins;
 * where none is valid, the newest.  The domain waits as long as it waits on one
 * host.
 *
 * The result does not depend on the order in which hosts were added: policies
 * stand in the order of their bytes, details with the largest count first, so
 * that what a cap folds is the same each time.
 */
#ifndef TLSTALLY_SEALED_SEALED_MERGE_H
#define TLSTALLY_SEALED_SEALED_MERGE_H

#include "base/strbuf.h"
#include "sealed/sealed_day.h"

struct sealed_merge;

struct sealed_merge *sealed_merge_new(const struct tally_limits *caps);
void sealed_merge_free(struct sealed_merge **merge);

void sealed_merge_begin(struct sealed_merge *merge);
/* Of the same day and domain as the others; nothing of it is kept. */
void sealed_merge_add(struct sealed_merge *merge,
                      const struct sealed_domain *from);
/* Lent until the next begin; NULL: nothing was added, or its bytes are
 * damaged. */
const struct sealed_domain *sealed_merge_end(struct sealed_merge *merge);

/* --- counts that do not fit into what is written of them --- */

/* May a line, or the JSON of an answer, be so long and have so many values? */
bool sealed_fits(const char *text, size_t len);

/* Appends what is written of a domain. */
typedef int sealed_put_fn(void *arg, const struct sealed_domain *domain,
                          struct strbuf *out, struct err *err);

/* Appends what put() makes of the domain.  While that does not fit, what put()
 * is given has half as many policies and details as before, and the rest is
 * folded: so it happens to a domain that [store] max_details lets grow past
 * all bounds, and no sum is changed. */
int sealed_put_fitting(const struct sealed_domain *domain, sealed_put_fn *put,
                       void *arg, struct strbuf *out, struct err *err);

#endif
