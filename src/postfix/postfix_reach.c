#include "postfix/postfix_reach.h"

#include <string.h>

/* What follows the queue directory and a slash; NULL: it is elsewhere. */
static const char *below_queue(const struct postconf *set, const char *path)
{
	const char *queue = postconf_get(set, "queue_directory");
	size_t len = queue != NULL ? strlen(queue) : 0;

	while (len > 0 && queue[len - 1] == '/')
		len--;
	if (len == 0 || strncmp(path, queue, len) != 0 || path[len] != '/')
		return NULL;
	return path + len + 1;
}

const char *postfix_name_of(const struct postconf *set, const char *path,
                            struct arena *arena)
{
	const char *name = below_queue(set, path);

	return name != NULL ? arena_strdup(arena, name) : path;
}

bool postfix_is_named(const struct postconf *set, const char *name,
                      const char *path)
{
	const char *below = below_queue(set, path);

	return strcmp(name, path) == 0 ||
	       (below != NULL && strcmp(name, below) == 0);
}

const struct postconf_service *postfix_cut_off(const struct postconf *set,
                                               const char *program,
                                               const char *path)
{
	for (size_t i = 0; i < set->service_count; i++) {
		const struct postconf_service *service = &set->services[i];

		if (service->chroot && strcmp(service->program, program) == 0 &&
		    below_queue(set, path) == NULL)
			return service;
	}
	return NULL;
}
