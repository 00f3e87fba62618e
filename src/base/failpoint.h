/*
 * failpoint - fail at the n-th dangerous moment, for the tests
 *
 * Between two steps that belong together (a commit, a send, an answer) stands
 * failpoint_hit("commit").  In a build with --enable-failpoints and the
 * environment's TLSTALLY_FAIL_AT=n, the n-th hit since failpoint_arm() ends the
 * process as kill -9 would.
 *
 * With TLSTALLY_FAIL_HOW=disk or map nothing is killed: each commit asks
 * failpoint_full(), and the n-th and as many as TLSTALLY_FAIL_TIMES says (1)
 * find a full disk, or a full map.
 *
 * In all other builds it is nothing.
 */
#ifndef TLSTALLY_BASE_FAILPOINT_H
#define TLSTALLY_BASE_FAILPOINT_H

#include <stdint.h>

enum failpoint_full { FAILPOINT_ROOM, FAILPOINT_DISK_FULL, FAILPOINT_MAP_FULL };

#ifdef ENABLE_FAILPOINTS

/* Arms from TLSTALLY_FAIL_AT; TLSTALLY_FAIL_COUNT=FILE instead writes the
 * number of hits there at exit, so that a test knows how far to loop. */
void failpoint_arm(void);
void failpoint_hit(const char *name);
enum failpoint_full failpoint_full(void);

/* What the environment's variable of that name says, so that a test need not
 * wait for a quarter of an hour; else the usual number. */
int64_t failpoint_number(const char *variable, int64_t usual);

#else

static inline void failpoint_arm(void)
{
}

static inline void failpoint_hit(const char *name)
{
	(void)name;
}

static inline enum failpoint_full failpoint_full(void)
{
	return FAILPOINT_ROOM;
}

static inline int64_t failpoint_number(const char *variable, int64_t usual)
{
	(void)variable;
	return usual;
}

#endif
#endif
