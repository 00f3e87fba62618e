/*
 * doctor_checks - what the parts of doctor.c share
 *
 * Each check looks once and answers in one sentence.
 */
#ifndef TLSTALLY_SHOW_DOCTOR_CHECKS_H
#define TLSTALLY_SHOW_DOCTOR_CHECKS_H

#include <stdbool.h>

#include "show/doctor.h"
#include "show/status.h"
#include "words/feed.h"

struct finding {
	enum grade grade;
	char words[512];
};

void doctor_tell(struct finding *finding, enum grade grade, const char *fmt,
                 ...) __attribute__((format(printf, 3, 4)));

void doctor_look_at_feed(const struct status_of *of,
                         const struct feed_kind *kind, struct finding *finding);

/* Where nobody has counted sessions yet, the first of feed_kinds[] is asked
 * after. */
bool doctor_counts_by(const struct status_of *of, const char *feed_name);

/* The log and this host's Postfix: doctor_log.c */
void doctor_look_at_log(const struct status_of *of, struct finding *finding);
void doctor_look_at_lines(const struct status_of *of, struct finding *finding);
void doctor_look_at_faults(const struct status_of *of, struct finding *finding);
void doctor_look_at_levels(const struct status_of *of, struct finding *finding);
void doctor_look_at_loglevel(const struct status_of *of,
                             struct finding *finding);
void doctor_look_at_postfix(const struct status_of *of,
                            struct finding *finding);

#endif
