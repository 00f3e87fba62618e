/*
 * container - from a member of a struct to the struct
 *
 *     struct asking *asking = container_of(timer, struct asking, timer);
 */
#ifndef TLSTALLY_BASE_CONTAINER_H
#define TLSTALLY_BASE_CONTAINER_H

#include <stddef.h>

#define container_of(pointer, type, member)                                    \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
