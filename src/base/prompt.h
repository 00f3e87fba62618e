/*
 * prompt - a thread that runs as soon as it wakes, and those that let it
 *
 * Linux lets a thread that has a processor end its slice, some milliseconds,
 * before one that wakes has it; from 6.12 on not if that one's own slice is
 * shorter.  So a thread that answers in microseconds asks for a short one.  It
 * gets no more time for that, and needs no privilege.  But in its own slice
 * nobody takes the processor from it, and behind it anybody may: so a slice is
 * as long as what the thread does without waiting.
 *
 * The other way about: a thread that gives work to another wakes it, and that
 * one may have the processor at once, and keep it until the next tick.  So
 * those that work in the background are of SCHED_BATCH (sched(7)), and have
 * long slices: when they wake, they take the processor from nobody.
 */
#ifndef TLSTALLY_BASE_PROMPT_H
#define TLSTALLY_BASE_PROMPT_H

/* The calling thread, from now on.  Another kernel has its own ways. */
void prompt_when_woken(void);

/* The calling thread stands back, from now on, and so do those that it makes:
 * with this niceness (setpriority(2)). */
void prompt_stand_back(int niceness);

#endif
