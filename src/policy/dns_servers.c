#include "policy/dns_servers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LINE_ROOM = 512 };

int dns_servers_set(struct dns_servers *servers, const char *address,
                    struct err *err)
{
	servers->count = 1;
	return endpoint_parse(address, DNS_PORT, &servers->server[0], err);
}

/* As the C library reads it: a line that is of no use is none. */
static void read_line(struct dns_servers *servers, char *line)
{
	static const char word[] = "nameserver";
	char *save = NULL;
	const char *first = strtok_r(line, " \t\r\n", &save);
	const char *address = strtok_r(NULL, " \t\r\n", &save);

	if (first == NULL || address == NULL || strcmp(first, word) != 0 ||
	    servers->count == DNS_SERVERS_MAX)
		return;
	if (endpoint_parse(address, DNS_PORT, &servers->server[servers->count],
	                   NULL) == 0)
		servers->count++;
}

int dns_servers_read(struct dns_servers *servers, const char *path,
                     struct err *err)
{
	FILE *file = fopen(path, "re");
	char line[LINE_ROOM];

	servers->count = 0;
	memset(&servers->file, 0, sizeof(servers->file));
	if (file == NULL && errno != ENOENT)
		return err_errno(err, ERR_IO, "%s", path);
	if (file != NULL)
		fstat(fileno(file), &servers->file);
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		read_line(servers, line);
	if (file != NULL)
		fclose(file);
	if (servers->count == 0)
		return dns_servers_set(servers, "127.0.0.1", err);
	return 0;
}

void dns_servers_refresh(struct dns_servers *servers, const char *path)
{
	struct dns_servers now = {0};
	struct stat file;

	if (stat(path, &file) < 0 ||
	    (file.st_dev == servers->file.st_dev &&
	     file.st_ino == servers->file.st_ino &&
	     file.st_size == servers->file.st_size &&
	     file.st_ctim.tv_sec == servers->file.st_ctim.tv_sec &&
	     file.st_ctim.tv_nsec == servers->file.st_ctim.tv_nsec))
		return;
	if (dns_servers_read(&now, path, NULL) == 0)
		*servers = now;
}
