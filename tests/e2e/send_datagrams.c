/*
 * send_datagrams - sends recorded TLS events to the socket
 *
 *     send_datagrams [-n TIMES] SOCKET FILE...
 *
 * Each line of the files is one datagram; with -n all are sent so many times.
 * Waits while the queue is full and prints how many were taken.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "send_datagrams: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	errno = ENAMETOOLONG;
	if (strlen(path) >= sizeof(address.sun_path))
		die(path);
	strcpy(address.sun_path, path);
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die(path);
	return fd;
}

static unsigned long send_file(int fd, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	unsigned long sent = 0;
	ssize_t len;

	if (file == NULL)
		die(path);
	for (; (len = getline(&line, &room, file)) > 0; sent++) {
		if (line[len - 1] == '\n')
			len--;
		if (send(fd, line, (size_t)len, MSG_NOSIGNAL) < 0)
			die("sending");
	}
	free(line);
	fclose(file);
	return sent;
}

int main(int argc, char **argv)
{
	unsigned long times = 1, sent = 0;
	int c, fd;

	while ((c = getopt(argc, argv, "n:")) == 'n')
		times = strtoul(optarg, NULL, 10);
	if (c != -1 || argc - optind < 2) {
		fprintf(stderr, "usage: send_datagrams [-n TIMES] SOCKET "
		                "FILE...\n");
		return 2;
	}
	fd = connect_to(argv[optind]);
	while (times-- > 0)
		for (int i = optind + 1; i < argc; i++)
			sent += send_file(fd, argv[i]);
	close(fd);
	printf("sent %lu\n", sent);
	return 0;
}
