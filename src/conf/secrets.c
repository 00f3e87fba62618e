/*
 * secrets - files that only their readers should be able to read
 *
 * Settings name files with a password or a key.  Whoever can log in on this
 * host must not be able to read them: by their own mode, or by that of a
 * directory on the way.
 */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "conf/fault.h"
#include "conf/settings.h"
#include "conf/value.h"

/* Does a directory of the (resolved) path keep others out? */
static bool is_sheltered(const char *path)
{
	auto_(xfree_str) char *dir = xstrdup(path);
	struct stat st;
	char *slash;

	while ((slash = strrchr(dir, '/')) != NULL && slash != dir) {
		*slash = '\0';
		if (stat(dir, &st) == 0 && (st.st_mode & S_IXOTH) == 0)
			return true;
	}
	return false;
}

/* Its mode, if others get at it; 0. */
static mode_t open_to_others(const char *path)
{
	auto_(xfree_str) char *real = realpath(path, NULL);
	struct stat st;

	if (real == NULL || stat(real, &st) < 0 ||
	    (st.st_mode & (S_IROTH | S_IWOTH)) == 0 || is_sheltered(real))
		return 0;
	return st.st_mode & 07777;
}

static int check_secret(const struct conf *conf, size_t i, struct err *err)
{
	auto_(strbuf_clear) struct strbuf path = {0};
	mode_t mode = 0;

	value_write(&settings[i], conf, &path);
	if (settings[i].secret)
		mode = open_to_others(strbuf_text(&path));
	if (mode == 0)
		return 0;
	return err_set(err, ERR_PARSE,
	               "[%s] %s: every user of this host can %s %s "
	               "(mode %04o): run 'chmod o= %s'",
	               settings[i].section, settings[i].name,
	               mode & S_IROTH ? "read" : "write", strbuf_text(&path),
	               (unsigned)mode, strbuf_text(&path));
}

bool conf_secret_next(const struct conf *conf, size_t *at, struct strbuf *path)
{
	while (*at < settings_count) {
		const struct setting *setting = &settings[(*at)++];

		if (!setting->secret)
			continue;
		strbuf_reset(path);
		value_write(setting, conf, path);
		if (path->len > 0)
			return true;
	}
	return false;
}

int conf_check_secrets(const struct conf *conf, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < settings_count; i++)
		rc = check_secret(conf, i, err);
	return rc;
}

void conf_check_all_secrets(const struct conf *conf, struct conf_list *faults)
{
	struct err err = {0};

	for (size_t i = 0; i < settings_count; i++)
		if (check_secret(conf, i, &err) < 0)
			conf_fault_add(faults, &err);
}
