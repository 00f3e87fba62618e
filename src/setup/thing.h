/*
 * thing - one thing that can be set up: looked at, made, and taken back
 *
 *     a setting of main.cf        smtp_tls_loglevel     "1"
 *     a service of master.cf      tlsreport/unix        its line
 *     a unit of systemd           tlstallyd.service     "enabled active"
 *
 * Each has a value, a text; NULL: it is not there.  The value is changed by the
 * program whose it is, postconf(1) or systemctl(1), by the commands that an
 * administrator would give.
 */
#ifndef TLSTALLY_SETUP_THING_H
#define TLSTALLY_SETUP_THING_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

enum thing_kind { THING_SETTING, THING_SERVICE, THING_UNIT, THING_KINDS };

#define UNIT_ON "enabled active"
#define UNIT_OFF "disabled inactive"

struct thing {
	enum thing_kind kind;
	const char *name;
	const char *directory; /* of main.cf and master.cf; not of a unit */
	bool is_default;       /* that is where postconf(1) looks unless told */
};

enum { THING_WORDS = 8, THING_SETTINGS_MAX = 32 };

/* "setting", "service", "unit"; -1 when the word is none of them. */
const char *thing_kind_word(enum thing_kind kind);
int thing_kind_of(const char *word);

/* What it is now; the arena's. */
int thing_look(const struct thing *thing, struct arena *arena,
               const char **value, struct err *err);

/* The command, argv, that brings it from one value to (or, of a unit, at least
 * nearer to) the other. */
void thing_command(const struct thing *thing, const char *from, const char *to,
                   struct arena *arena, const char *argv[THING_WORDS]);

/* Brings it there, and looks whether it is. */
int thing_bring(const struct thing *thing, const char *to, struct arena *arena,
                struct err *err);

/*
 * Several settings of one main.cf, at most THING_SETTINGS_MAX.  Postfix's
 * programs wait before they read a main.cf that was written within the last two
 * seconds, so all of them are written, one by one, before any is read.
 */
int thing_look_at_settings(const struct thing *things, size_t count,
                           struct arena *arena, const char **values,
                           struct err *err);
int thing_bring_settings(const struct thing *things, const char *const *to,
                         size_t count, struct arena *arena, struct err *err);

/* Are two values, one of which may be NULL, the same? */
bool thing_is(const char *value, const char *other);

#endif
