/*
 * doctor - is everything in place for tomorrow's reports?
 *
 * A check is a row of doctor/checks.c: its name, what it looks at, where it can
 * be looked at, and the function that looks.  All that a check can say is a
 * row of doctor/findings.c: a grade, a sentence, and the command that mends it.
 * The manual, `tlstally doctor`, its --json and the page follow from these.
 *
 *     {"verdict":{...},
 *      "checks":[{"check":"queue","grade":"good","words":"..."},
 *                {"check":"level","about":"/etc/postfix-out","grade":"bad",
 *                 "words":"...","since":"2026-03-01T10:00:00Z",
 *                 "command":"postconf ..."}]}
 *
 * Nothing a check looks at can keep the doctor from the next: what asks other
 * programs, files, sockets or the network runs in a child process of its own,
 * which is killed when it takes too long.  All of them run at once.
 *
 * Who is not at home on the host (of->on_host) cannot ask Postfix, look at its
 * sockets and files, or at those of the settings; who may not open the store
 * (of->db is NULL) cannot say what stands in it.  Such checks are graded
 * DOCTOR_UNKNOWN, and never good.
 */
#ifndef TLSTALLY_DOCTOR_DOCTOR_H
#define TLSTALLY_DOCTOR_DOCTOR_H

#include <jansson.h>

#include "base/err.h"
#include "show/status.h"

/* Stored (store/finding_table.h): never another number. */
enum doctor_grade {
	DOCTOR_GOOD,
	DOCTOR_NOTE,
	DOCTOR_BAD,
	DOCTOR_UNKNOWN,
	DOCTOR_GRADES
};

const char *doctor_grade_word(enum doctor_grade grade);
enum doctor_grade
doctor_grade_of(const char *word); /* DOCTOR_UNKNOWN for any other */

/* What who runs the doctor has found out before, and could not later. */
struct doctor_before {
	/* Of the settings, "" when they are all right. */
	char settings_trouble[512];
	bool are_hidden;         /* and that is: they are not ours to read */
	char store_trouble[512]; /* why of->db is NULL */
	bool is_missing;         /* there is no store at all */
	bool is_damaged;         /* it is ours, and cannot be opened */
	/* A line for each of our daemons whose program was replaced, which only
	 * root sees; NULL: it was not looked at. */
	const char *replaced;
};

/* Adds `verdict` and `checks`, those of what is in use here; `wanted` as
 * status_collect() has it, `before` only on the host. */
int doctor_collect(const struct status_of *of,
                   const struct doctor_before *before, const json_t *wanted,
                   json_t *doc, struct err *err);

/* Writes down since when each of the checks is as it is, and forgets those that
 * are good again, or that no check tells any more.  It may wait for the store:
 * say first what was found. */
int doctor_note(struct db *db, const json_t *doc, int64_t now, struct err *err);

#endif
