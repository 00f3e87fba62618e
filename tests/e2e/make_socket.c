/*
 * make_socket - hands a datagram socket to a command, as systemd would
 *
 *     make_socket PATH COMMAND [ARGUMENT]...
 *
 * The socket is descriptor 3 of the command; a daemon that the command starts
 * takes it when LISTEN_FDS is 1 and LISTEN_PID its process id.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (argc < 3 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: make_socket PATH COMMAND...\n");
		return 2;
	}
	strcpy(address.sun_path, argv[1]);
	unlink(argv[1]);
	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    (fd != 3 && dup2(fd, 3) < 0)) {
		perror("make_socket");
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 2;
}
