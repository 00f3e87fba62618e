/*
 * cli_doctor - what the parts of `tlstally doctor` share
 *
 * Each check looks once and answers in one sentence.
 */
#ifndef TLSTALLY_CLI_DOCTOR_H
#define TLSTALLY_CLI_DOCTOR_H

#include <stdbool.h>

#include "cli/cli.h"
#include "words/feed.h"

enum grade { GOOD, NOTE, BAD };

struct finding {
	enum grade grade;
	char words[512];
};

void doctor_tell(struct finding *finding, enum grade grade, const char *fmt,
                 ...) __attribute__((format(printf, 3, 4)));

void doctor_look_at_feed(struct cli *cli, const struct feed_kind *kind,
                         struct finding *finding);

/* Where nobody has counted sessions yet, the first of feed_kinds[] is asked
 * after. */
bool doctor_counts_by(struct cli *cli, const char *feed_name);

/* The log and this host's Postfix: cli_doctor_log.c */
void doctor_look_at_log(struct cli *cli, struct finding *finding);
void doctor_look_at_lines(struct cli *cli, struct finding *finding);
void doctor_look_at_faults(struct cli *cli, struct finding *finding);
void doctor_look_at_levels(struct cli *cli, struct finding *finding);
void doctor_look_at_loglevel(struct cli *cli, struct finding *finding);
void doctor_look_at_postfix(struct cli *cli, struct finding *finding);

#endif
