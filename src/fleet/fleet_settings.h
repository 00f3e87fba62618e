/*
 * fleet_settings - the settings that hosts of a fleet have the same
 *
 * They say what a report is like (struct setting's of_fleet), so that it does
 * not matter which host makes it.  Each host writes its own into the ledger
 * under their digest, and so others can say which differ:
 *
 *     fleet_settings_make(&mine, conf)
 *     mine.digest                             "9f2c..."
 *     fleet_settings_differ(&mine, &theirs, names)   "[report] sender"
 *     ledger_settings_clear(&mine)
 */
#ifndef TLSTALLY_FLEET_FLEET_SETTINGS_H
#define TLSTALLY_FLEET_FLEET_SETTINGS_H

#include "conf/conf.h"
#include "ledger/ledger.h"

enum { FLEET_SETTINGS_NAMES = 256 };

/* Clear it with ledger_settings_clear(). */
void fleet_settings_make(struct ledger_settings *mine, const struct conf *conf);

/* The names of those that have different values, or that one of them does not
 * have; with commas, and "..." where there are too many. */
void fleet_settings_differ(const struct ledger_settings *mine,
                           const struct ledger_settings *theirs,
                           char names[FLEET_SETTINGS_NAMES]);

#endif
