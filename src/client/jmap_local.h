/*
 * jmap_local - JMAP answered by this process, on the store
 */
#ifndef TLSTALLY_CLIENT_JMAP_LOCAL_H
#define TLSTALLY_CLIENT_JMAP_LOCAL_H

#include "client/jmap_client.h"
#include "jmap/jmap.h"

/* Whoever may open the store may do everything.  jmap's parts are lent. */
struct jmap_client *jmap_local_new(const struct jmap *jmap);

#endif
