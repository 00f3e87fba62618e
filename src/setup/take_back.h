/*
 * take_back - what was made becomes again what it was before
 *
 * Who changed it afterwards meant it: such a thing is left as it is, and said.
 */
#ifndef TLSTALLY_SETUP_TAKE_BACK_H
#define TLSTALLY_SETUP_TAKE_BACK_H

#include "setup/work.h"

typedef bool take_back_wanted(const struct work *work, size_t place,
                              const struct record_row *row);

/* The rows of a kind, from the last to the first; all, or those that are not
 * wanted any more.  A row goes from the record unless it failed. */
void take_back_rows(struct work *work, size_t place, enum thing_kind kind,
                    take_back_wanted *wanted);

/* One row.  False: it failed, and the row stays. */
bool take_back_row(struct work *work, size_t place,
                   const struct record_row *row);

#endif
