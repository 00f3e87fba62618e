/*
 * complete - what the store has for the shell to complete a word with
 *
 *     $ tlstally complete domains exa
 *     example.com
 *     example.org
 *
 * Bash asks when somebody presses the tab key (conf/completion.bash), so few
 * rows are read, and few names given; who wants others types one more letter.
 */
#ifndef TLSTALLY_CLI_COMPLETE_H
#define TLSTALLY_CLI_COMPLETE_H

#include "cli/cli.h"

/* What can be asked for. */
#define COMPLETE_DOMAINS "domains"         /* counted, of the last days */
#define COMPLETE_OWN_DOMAINS "own-domains" /* that mail came in for */
#define COMPLETE_REPORTS "reports"         /* ids in the outbox */
#define COMPLETE_SENT "sent-reports"       /* ids in the archive */
#define COMPLETE_RECEIVERS "receivers"     /* addresses of reports */
#define COMPLETE_SUPPRESSED "suppressed"   /* addresses */
#define COMPLETE_TOKENS "tokens"           /* names */
#define COMPLETE_FEEDS "feeds"             /* names */

#endif
