/*
 * lists - the operator's word on who gets no report, or gets it elsewhere
 *
 *     deny = example.org            no report about that domain
 *     deny = @bad.example           none to that mail domain or https host
 *     deny = tls@bad.example        none to that address
 *     redirect = example.org -> mailto:tls@other.example
 *
 * The same three kinds on the left side of a redirect.
 */
#ifndef TLSTALLY_ROLLUP_LISTS_H
#define TLSTALLY_ROLLUP_LISTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"
#include "domain/rua.h"

struct lists;

/* ERR_PARSE names the entry that makes no sense. */
int lists_new(struct lists **lists, const struct conf *conf, struct err *err);
void lists_free(struct lists **lists);

/* Is a report about this domain denied? */
bool lists_domain_denied(const struct lists *lists, const char *domain);

/* Where reports about the domain go instead; NULL: where they should. */
const struct rua *lists_domain_redirect(const struct lists *lists,
                                        const char *domain);

/* The same for one place. */
bool lists_rua_denied(const struct lists *lists, const struct rua *rua);
const struct rua *lists_rua_redirect(const struct lists *lists,
                                     const struct rua *rua);

#endif
