/*
 * needs - what tlstally needs of Postfix and of the host: one row each
 *
 * A row says what it is, where and when it is needed, and which value it must
 * have.  Rows stand in the order in which they are made: daemons first, so that
 * they listen when Postfix is told of them.  A new need is a new row.
 */
#ifndef TLSTALLY_SETUP_NEEDS_H
#define TLSTALLY_SETUP_NEEDS_H

#include "setup/setup.h"

enum need_where {
	NEED_HOST,     /* once */
	NEED_SENDER,   /* at each instance that sends mail */
	NEED_INSTANCE, /* at each */
};

/* A row, looked at in one place. */
struct need_of {
	struct setup *setup;
	const struct postfix_instance *instance;
	const char *present; /* NULL: it is not there */
	const char *why_not; /* set by value(): why it cannot be had */
};

/* A setting that is a list. */
struct need_list {
	/* The item whose place ours takes; NULL: at the end */
	const char *(*instead)(const struct need_of *of);
	/* Asked when it is about to be made: why it must wait, NULL: it need
	 * not */
	const char *(*wait)(const struct need_of *of);
};

struct need {
	const char *name;
	enum thing_kind kind;
	enum need_where where;
	/* value() is an item that it must have; NULL: it is no list */
	const struct need_list *list;
	bool (*when)(const struct need_of *of);
	/* What it must be; NULL: the administrator must decide, why_not */
	const char *(*value)(struct need_of *of);
	/* Is it good enough as it is?  NULL: only when it is the value */
	bool (*fits)(const struct need_of *of);
	const char *why; /* what for */
};

extern const struct need needs[];
extern const size_t needs_count;

/* What the administrator should know beside. */
void needs_note(struct setup *setup);

#endif
