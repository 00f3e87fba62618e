/*
 * mailbox - what threads leave for one other, without a lock
 *
 *     any thread      if (mailbox_put(&box, &letter->mail)) wake the reader
 *     the reader      for (mail = mailbox_take(&box); mail != NULL; ...)
 *
 * Whoever waits for a lock waits for the thread that has it, which may have
 * lost its processor to others.  free(3) of what another thread allocated takes
 * a lock, too: so what is read goes back to its sender by a second mailbox.
 */
#ifndef TLSTALLY_BASE_MAILBOX_H
#define TLSTALLY_BASE_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* In what is sent, and the reader's from then on. */
struct mail {
	struct mail *next;
};

/* All zero it is empty. */
struct mailbox {
	_Atomic(struct mail *) newest;
};

/* True when it was empty before: nobody has told the reader yet. */
static inline bool mailbox_put(struct mailbox *box, struct mail *mail)
{
	struct mail *before = atomic_load(&box->newest);

	do
		mail->next = before;
	while (!atomic_compare_exchange_weak(&box->newest, &before, mail));
	return before == NULL;
}

/* All that is there, the oldest first; NULL: nothing. */
static inline struct mail *mailbox_take(struct mailbox *box)
{
	struct mail *newest = atomic_exchange(&box->newest, NULL);
	struct mail *oldest = NULL;

	while (newest != NULL) {
		struct mail *before = newest->next;

		newest->next = oldest;
		oldest = newest;
		newest = before;
	}
	return oldest;
}

#endif
