#include "postfix/postfix_reach.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/endpoint.h"

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

const char *postfix_address_of(const struct postconf *set, const char *socket,
                               struct arena *arena)
{
	static const char any4[] = "inet:0.0.0.0:", any6[] = "inet:[::]:";
	const char *path = endpoint_path(socket);

	if (path != NULL)
		return arena_printf(arena, "unix:%s",
		                    postfix_name_of(set, path, arena));
	if (strncmp(socket, any4, sizeof(any4) - 1) == 0)
		return arena_printf(arena, "inet:127.0.0.1:%s",
		                    socket + sizeof(any4) - 1);
	if (strncmp(socket, any6, sizeof(any6) - 1) == 0)
		return arena_printf(arena, "inet:[::1]:%s",
		                    socket + sizeof(any6) - 1);
	return socket;
}

bool postfix_is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	if (strcmp(a, b) == 0)
		return true;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Behind the last ":", of "inet:HOST:PORT". */
static const char *port_of(const char *socket)
{
	const char *colon = strrchr(socket, ':');

	return strncmp(socket, "inet:", 5) == 0 && colon != NULL ? colon + 1
	                                                         : NULL;
}

/* What unix: leads to, from Postfix's queue directory. */
static const char *path_of(const char *socket, const char *queue_directory,
                           char *room, size_t size)
{
	const char *path = socket + 5;
	const char *slash = path[0] == '/' ? "" : "/";

	if (strncmp(socket, "unix:", 5) != 0)
		return NULL;
	snprintf(room, size, "%s%s%s", slash[0] != '\0' ? queue_directory : "",
	         slash, path);
	return room;
}

bool postfix_is_socket(const char *theirs, const char *ours,
                       const char *queue_directory)
{
	char a[512], b[512];
	const char *port = port_of(ours), *other = port_of(theirs);
	const char *path = path_of(ours, "", a, sizeof(a));
	const char *there = path_of(theirs, queue_directory, b, sizeof(b));

	if (port != NULL && other != NULL)
		return strcmp(port, other) == 0;
	if (path == NULL || there == NULL)
		return false;
	/* a path within the chroot is the same without the queue directory */
	return postfix_is_same_file(path, there) ||
	       (strncmp(path, queue_directory, strlen(queue_directory)) == 0 &&
	        strcmp(path + strlen(queue_directory), there) == 0);
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
