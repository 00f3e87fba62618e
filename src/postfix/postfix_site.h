/*
 * postfix_site - this host's Postfix, instance by instance, as postconf tells
 *
 *     struct postfix_site *site = postfix_site_ask(&conf);
 *
 *     for (size_t i = 0; i < site->count; i++)
 *             relayhost = postconf_get(&site->instances[i].set, "relayhost");
 *
 * The instances are the default one, those of its multi_instance_directories
 * that are enabled, and [log] postfix_config_directory.  A site is asked at
 * start, and again when a main.cf or master.cf has changed, which is a stat(2)
 * each; one that was asked never changes.
 *
 * An instance that postconf could not tell of is there and not `known`, and
 * `trouble` says why: whoever asks takes the settings' word or the careful
 * way.
 */
#ifndef TLSTALLY_POSTFIX_POSTFIX_SITE_H
#define TLSTALLY_POSTFIX_POSTFIX_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"
#include "maillog/postconf.h"

/* Of a file that was read; all zero when there was none. */
struct file_stamp {
	uint64_t device, inode, size;
	int64_t mtime_ns;
};

struct postfix_instance {
	const char *directory; /* of main.cf and master.cf */
	bool sends;            /* [log] postfix_config_directory, or else all */
	bool known;            /* postconf told; not one that is not enabled */
	bool off;              /* multi_instance_enable is not yes */
	struct postconf set;
	struct file_stamp main_cf, master_cf;
};

struct postfix_site {
	struct arena arena;
	struct postfix_instance *instances;
	size_t count;
	struct err trouble; /* why something is not known; "" */
	/* postconf did not say where the default instance is: it may be
	 * another than the one that is here */
	bool is_guess;
	int64_t until_ms; /* no postconf is begun after it */
};

/* Runs postconf(1), for at most some twenty seconds.  Never NULL. */
struct postfix_site *postfix_site_ask(const struct conf *conf);
void postfix_site_free(struct postfix_site **site);

/* Was a main.cf or master.cf written, removed or put there since? */
bool postfix_site_changed(const struct postfix_site *site);

#endif
