/*
 * setup - what this host's Postfix needs so that tlstally counts: shown, made,
 * and taken back
 *
 *     setup_look(&setup, &conf, &wish, &err)
 *     setup->steps[i]                         what is so, and what is to do
 *     setup_apply(setup, tell, arg, &err)     makes it, step by step
 *     setup_undo(setup, tell, arg, &err)      takes back what was made
 *
 * What is needed, and when, are the rows of setup/needs.c.  A step is a row at
 * one instance of Postfix, or, of a daemon, at the host.
 *
 * What Postfix has is changed by postconf(1).  Before the first change main.cf
 * and master.cf are copied (main.cf.before-tlstally); before each change the
 * value that is there is recorded (setup/record.h).  So all of it can be
 * repeated, and killed at any moment.
 *
 * Who changed a setting afterwards meant it: --undo leaves such a one and says
 * so, but for a list, where it takes out what was put in.
 */
#ifndef TLSTALLY_SETUP_SETUP_H
#define TLSTALLY_SETUP_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"
#include "postfix/postfix_site.h"
#include "setup/thing.h"

/* What was asked on the command line; NULL: as the last time, or else as the
 * word in brackets. */
struct setup_wish {
	const char *feed;           /* [auto], events, log */
	const char *milter;         /* [yes], no */
	const char *policyd;        /* [auto], yes, no */
	const char *security_level; /* [leave], may, dane */
};

enum { SETUP_WISHES = 4, SETUP_WISH_WORDS = 4 };

struct setup_wish_row {
	const char *name; /* in the record */
	const char *option;
	const char *words[SETUP_WISH_WORDS]; /* the first is the usual one */
};
extern const struct setup_wish_row setup_wishes[SETUP_WISHES];

/* The member that the i-th row is about. */
const char **setup_wish_at(struct setup_wish *wish, int i);

/* A wish that is not one of the words is ERR_PARSE. */
int setup_wish_check(const struct setup_wish *wish, struct err *err);

enum setup_state {
	SETUP_IS_SO,   /* nothing to do */
	SETUP_TO_DO,   /* by `command` */
	SETUP_LEFT,    /* to the administrator: `why` */
	SETUP_DONE,    /* just now */
	SETUP_BACK,    /* taken back, just now */
	SETUP_CHANGED, /* by somebody else since: left as it is */
	SETUP_FAILED,  /* `why` */
	SETUP_STATES
};
/* "is so", "to do" ... */
const char *setup_state_word(enum setup_state state);

struct need; /* setup/needs.h */

/* All texts are the setup's. */
struct setup_step {
	struct thing thing;
	size_t place; /* of setup->places */
	enum setup_state state;
	const char *present; /* NULL: it is not there */
	const char *wanted;  /* NULL: it is not to be there, or nobody knows */
	const char *item;    /* that a list is to have, NULL: it is no list */
	const char *instead; /* the item whose place it takes; NULL: none */
	const char *why;     /* what for, or why not */
	const char *command; /* as a shell takes it; NULL: there is none */
	const struct need *need;
};

/*
 * A feed (words/feed.h) is not counted by any more: no day waits for it, and
 * another may count the sessions.  `is_stopped`: its daemon was stopped just
 * now; else a feed that still counts stays.  1: it was retired, 0: it was not
 * known, or stays.
 */
typedef int setup_retire(const struct conf *conf, const char *feed,
                         bool is_stopped, struct err *err);

/* A main.cf, a master.cf, and the record beside them. */
struct setup_place {
	const struct postfix_instance *instance;
	const char *version; /* of Postfix; "?" */
	const char *tlsrpt;  /* "built in", "left out", "not known to it" ... */
};

enum { SETUP_STEPS_MAX = 1024, SETUP_NOTES_MAX = 64 };

struct setup {
	struct arena arena;
	struct postfix_site *postfix;
	const struct conf *conf;
	struct setup_wish wish; /* with what was asked before */
	const char *feed;       /* by which it is counted: words/feed.h */
	const char *feed_why;
	bool has_systemd;
	setup_retire *retire; /* NULL: set it before changes are made */
	const char *socket;   /* the path on which events are received */
	bool wants_policyd;   /* Postfix asks tlstally-policyd, or shall */
	const char *policyd_socket; /* "unix:/path", "inet:127.0.0.1:8463" */
	const char *no_dnssec; /* if that is wanted: why not; NULL: it works */
	struct setup_place *places; /* of postfix->instances that are known */
	size_t place_count;
	struct setup_step *steps;
	size_t step_count;
	const char *notes[SETUP_NOTES_MAX]; /* what the administrator should
	                                       know */
	size_t note_count;
};

/* Asks Postfix, and systemd where it runs.  *setup is the caller's, also after
 * a failure. */
int setup_look(struct setup **setup, const struct conf *conf,
               const struct setup_wish *wish, struct err *err);
void setup_free(struct setup **setup);

/* Says what became of a step (of setup->steps, or one that is taken back). */
typedef void setup_tell(void *arg, const struct setup_step *step);

/* Both go on after a step that failed.  ERR_IO when one did, or was left to the
 * administrator; other classes when nothing could be begun. */
int setup_apply(struct setup *setup, setup_tell *tell, void *arg,
                struct err *err);
int setup_undo(struct setup *setup, setup_tell *tell, void *arg,
               struct err *err);

#endif
