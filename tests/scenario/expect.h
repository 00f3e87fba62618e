/*
 * expect - what the verbs of "expect ..." share
 *
 * Each compares what we have with what the words want; 0, or ERR_PARSE with
 * both in words.
 */
#ifndef TLSTALLY_TESTS_SCENARIO_EXPECT_H
#define TLSTALLY_TESTS_SCENARIO_EXPECT_H

#include "scenario/world.h"

/* "name=N" among the words, if it is there, must be what we have. */
int same_number(struct words *words, const char *name, uint64_t got,
                struct err *err);

int same_word(const char *what, const char *got, const char *want,
              struct err *err);

/* "name=TEXT", if it is there, must stand somewhere in what we have. */
int has_text(struct words *words, const char *name, const char *got,
             struct err *err);

/* Those about reports (expect_report.c); the others are in expect.c. */
verb_fn expect_report, expect_sums, expect_wire;
verb_fn expect_outbox, expect_archive, expect_status, expect_reports;
verb_fn expect_waiting, expect_untold;   /* logged.c */
verb_fn expect_inbound, expect_coverage; /* milter.c */

#endif
