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

struct need {
	const char *name;
	enum thing_kind kind;
	enum need_where where;
	bool is_list; /* value() is an item that it must have */
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
