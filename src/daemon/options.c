/* The command line of a daemon, and its --help. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"

enum { EXIT_USAGE = 2 };

static void print_help(const struct daemon_parts *parts)
{
	printf("usage: %s [-f] [-c FILE] [-o SECTION.NAME=VALUE]...\n"
	       "%s\n\n"
	       "  -c FILE     the settings file (TLSTALLY_CONF; default %s)\n"
	       "  -f          log to standard error even if it is not a "
	       "terminal\n"
	       "  -o S.N=V    a setting that overrides the file\n"
	       "  --help      print this help\n"
	       "  --version   print the version\n",
	       parts->name, parts->purpose, settings_file_default());
	for (const struct daemon_flag *flag = parts->flags;
	     flag != NULL && flag->word != NULL; flag++)
		printf("  %-14s%s\n", flag->word, flag->help);
	printf("\nSee %s(8) and tlstally.conf(5).\n", parts->name);
}

/* Takes the daemon's own words off the command line, so that getopt_long(3)
 * does not see them. */
static void take_flags(const struct daemon_flag *flags, int *argc, char **argv,
                       void *self)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		const struct daemon_flag *flag = flags;

		while (flag->word != NULL && strcmp(flag->word, argv[i]) != 0)
			flag++;
		if (flag->word != NULL)
			*(bool *)((char *)self + flag->given) = true;
		else
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	*argc = kept;
}

int daemon_options(int argc, char **argv, const struct daemon_parts *parts,
                   void *self, bool *foreground, int *status)
{
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	struct daemon *d = self;
	struct err err = {0};
	int c;

	if (parts->flags != NULL)
		take_flags(parts->flags, &argc, argv, self);
	*status = EXIT_SUCCESS;
	while ((c = getopt_long(argc, argv, "c:fo:", longs, NULL)) != -1) {
		if (c == 'c') {
			d->file.path = optarg;
		} else if (c == 'f') {
			*foreground = true;
		} else if (c == 'h') {
			print_help(parts);
			return 1;
		} else if (c == 'V') {
			printf("%s %s\n", parts->name, PACKAGE_VERSION);
			return 1;
		} else if (c != 'o' ||
		           settings_file_assign(&d->file, optarg, &err) < 0) {
			if (c == 'o')
				fprintf(stderr, "%s: %s\n", parts->name,
				        err.text);
			*status = EXIT_USAGE;
			return 1;
		}
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "%s: unknown argument '%s'\n", parts->name,
	        argv[optind]);
	*status = EXIT_USAGE;
	return 1;
}
