/*
 * prompt - a thread that runs as soon as it wakes
 *
 * Linux (from 6.12 on) lets a thread that has a processor end its slice, some
 * milliseconds, before one that wakes has it; but not if that one's own slice
 * is shorter.  So a thread that answers in microseconds asks for the shortest.
 * It gets no more time for that, and needs no privilege.
 */
#ifndef TLSTALLY_BASE_PROMPT_H
#define TLSTALLY_BASE_PROMPT_H

/* The calling thread, from now on.  Another kernel has its own ways. */
void prompt_when_woken(void);

#endif
