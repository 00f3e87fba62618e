/*
 * work - one `tlstally setup --apply` or --undo that is under way
 *
 *     work_begin()     the lock, and what was recorded before
 *     ...              setup/apply.c, setup/take_back.c
 *     work_reload()    tells Postfix
 *     work_result()
 *     work_end()
 *
 * One is under way at a time: it locks a file beside main.cf that only root can
 * open.  The directory itself, or main.cf, everybody could lock.
 */
#ifndef TLSTALLY_SETUP_WORK_H
#define TLSTALLY_SETUP_WORK_H

#include "setup/record.h"
#include "setup/setup.h"

struct work {
	struct setup *setup;
	struct record *records; /* one a place */
	int lock;               /* -1: not ours */
	setup_tell *tell;
	void *arg;
	size_t failed, left, changed;
};

/* After a failure, too, end it. */
int work_begin(struct work *work, struct setup *setup, setup_tell *tell,
               void *arg, struct err *err);
void work_end(struct work *work);

/* ERR_IO when a step failed, or was left to the administrator. */
int work_result(const struct work *work, struct err *err);

const char *work_directory(const struct setup *setup, size_t place);
struct thing work_thing(const struct setup *setup, size_t place,
                        enum thing_kind kind, const char *name);

/* Tells of a step, and counts it; `why` in place of the step's, or NULL. */
void work_say(struct work *work, struct setup_step *step,
              enum setup_state state, const char *why);

/* Looks at things, and brings each to what is wanted and says what became of
 * it: settings of one main.cf, at most THING_SETTINGS_MAX, or one thing. */
int work_look(struct work *work, struct setup_step *const *steps, size_t count,
              const char **values, struct err *err);
void work_bring(struct work *work, struct setup_step *const *steps,
                size_t count, enum setup_state done);

/* The feed of a unit that is off now is retired. */
void work_retire(struct work *work, const struct setup_step *unit);

/* Where main.cf or master.cf was changed. */
void work_reload(struct work *work);

#endif
