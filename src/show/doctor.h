/*
 * doctor - is everything in place for tomorrow's reports?
 *
 * Found out once for `tlstally doctor` and tally:Doctor:
 *
 *     {"checks":[{"check":"queue","grade":"good","words":"..."}]}
 *
 * Who is not at home on the host (of->on_host) cannot ask Postfix, look at its
 * sockets and files, or at those of the settings: such checks are graded
 * UNKNOWN, and never good.
 */
#ifndef TLSTALLY_SHOW_DOCTOR_H
#define TLSTALLY_SHOW_DOCTOR_H

#include <jansson.h>

#include "base/err.h"
#include "show/status.h"

enum grade { GOOD, NOTE, BAD, UNKNOWN };

const char *doctor_grade_word(enum grade grade);

/* Adds `checks`, those of what is in use here; `wanted` as status_collect()
 * has it. */
int doctor_collect(const struct status_of *of, const json_t *wanted,
                   json_t *doc, struct err *err);

#endif
