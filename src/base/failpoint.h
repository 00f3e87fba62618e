/*
 * failpoint - die at the n-th dangerous moment, for the tests
 *
 * Between two steps that belong together (a commit, a send, an answer) stands
 * failpoint_hit("commit").  In a build with --enable-failpoints and the
 * environment's TLSTALLY_FAIL_AT=n, the n-th hit since failpoint_arm() ends the
 * process as kill -9 would.  In all other builds it is nothing.
 */
#ifndef TLSTALLY_BASE_FAILPOINT_H
#define TLSTALLY_BASE_FAILPOINT_H

#ifdef ENABLE_FAILPOINTS

/* Arms from TLSTALLY_FAIL_AT; TLSTALLY_FAIL_COUNT=FILE instead writes the
 * number of hits there at exit, so that a test knows how far to loop. */
void failpoint_arm(void);
void failpoint_hit(const char *name);

#else

static inline void failpoint_arm(void)
{
}

static inline void failpoint_hit(const char *name)
{
	(void)name;
}

#endif
#endif
