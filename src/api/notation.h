/*
 * notation - the lists of an object as Stalwart's server and its clients
 * write them
 *
 *     ["a@b.example"]       {"a@b.example":true}     texts, numbers: a set
 *     [{...},{...}]         {"0":{...},"1":{...}}    objects: a list
 *     []                    {}
 *
 * Which of both a property is its row tells (api/property.h).  The notation
 * with members exists for patches: a pointer can lead to an item.  RFC 8620
 * section 5.3 forbids pointers into arrays, and here there are none:
 *
 *     {"policyIdentifiers/77":true,                        an item of a set
 *      "report/policies/0/totalFailedSessions":3,          into an item
 *      "report/policies/2":{...},                          one more item
 *      "report/policies/0/failureDetails/0":null,          that one goes, and
 *      "report/policies/0/failureDetails/1/failedSessionCount":9}
 *
 * The numbers are those that the object has before the patch, in all of it;
 * afterwards what is left moves together.  An item goes, too, when a patch
 * sets everything that it has to null, member by member.
 */
#ifndef TLSTALLY_API_NOTATION_H
#define TLSTALLY_API_NOTATION_H

#include <jansson.h>

#include "api/property.h"
#include "base/err.h"

/* Changes an object with arrays to one with members. */
void notation_to_members(const struct property_table *table, json_t *object);

/* Changes it back.  What is neither, or has something wrong in it, stays as it
 * is, for whoever reads it to refuse. */
void notation_to_arrays(const struct property_table *table, json_t *object);

/*
 * Patches an object with arrays as if it had members.  ERR_PARSE: a pointer is
 * malformed, leads through what is not there, to a place where no item can be,
 * or is the beginning of another (then the object may be changed by half).
 */
int notation_patch(const struct property_table *table, json_t *object,
                   json_t *patch, struct err *err);

#endif
