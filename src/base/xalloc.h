/*
 * xalloc - memory or the end
 *
 * A daemon that cannot get a few kilobytes cannot do anything useful with
 * the news either: these log one line and abort.  Memory whose amount an
 * outsider chooses is measured and capped before it is asked for.
 */
#ifndef TLSTALLY_BASE_XALLOC_H
#define TLSTALLY_BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *old, size_t n, size_t size);
void *xmemdup(const void *data, size_t len) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t len) __attribute__((malloc));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For auto_(): frees *(char **)s and sets it NULL. */
void xfree_str(char **s);

#endif
