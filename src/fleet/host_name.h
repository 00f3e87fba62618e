/*
 * host_name - what this host is called among several
 */
#ifndef TLSTALLY_FLEET_HOST_NAME_H
#define TLSTALLY_FLEET_HOST_NAME_H

#include "base/domain.h"
#include "base/err.h"
#include "conf/conf.h"

/* [fleet] name, or else the name that the system has.  ERR_IO: it has none that
 * could be one. */
int fleet_host_name(const struct conf *conf, char out[DOMAIN_TEXT],
                    struct err *err);

#endif
