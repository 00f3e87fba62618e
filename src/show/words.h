/*
 * words - the states of things as a newcomer understands them
 */
#ifndef TLSTALLY_SHOW_WORDS_H
#define TLSTALLY_SHOW_WORDS_H

#include "conf/conf.h"
#include "words/names.h"
#include "store/tally_table.h"

/* "without a TLSRPT record" and, as member of a document, "noRecord". */
const char *mark_words(enum tally_mark mark);
const char *mark_json(enum tally_mark mark);

/* Of "certificate-expired": "the certificate had expired". */
const char *result_words(enum result_type type);

/* What the mode does to a report. */
const char *mode_words(enum report_mode mode);
const char *mode_name(enum report_mode mode);

#endif
