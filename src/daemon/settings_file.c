#include "daemon/settings_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

const char *settings_file_default(void)
{
	return CONF_FILE;
}

const char *settings_file_path(const struct settings_file *file)
{
	const char *env = getenv("TLSTALLY_CONF");

	if (file->path != NULL)
		return file->path;
	return env != NULL && env[0] != '\0' ? env : settings_file_default();
}

int settings_file_assign(struct settings_file *file, const char *assignment,
                         struct err *err)
{
	if (file->assignment_count == SETTINGS_FILE_ASSIGNMENTS)
		return err_set(err, ERR_LIMIT, "more than %d -o options",
		               SETTINGS_FILE_ASSIGNMENTS);
	if (assignment[strcspn(assignment, ".=")] != '.' ||
	    strchr(assignment, '=') == NULL)
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not of the form section.name=value",
		               assignment);
	file->assignments[file->assignment_count++] = assignment;
	return 0;
}

/* Each in turn, also after one that is wrong. */
static int assign(const struct settings_file *file, struct conf *conf,
                  struct err *err)
{
	int rc = 0;

	for (int i = 0; i < file->assignment_count; i++) {
		struct err why = {0};

		if (conf_set(conf, file->assignments[i], &why) == 0)
			continue;
		err_prefix(&why, "-o");
		conf_add_fault(conf, why.text);
		if (rc == 0)
			rc = err_set(err, why.class, "%s", why.text);
	}
	return rc;
}

int settings_file_read(const struct settings_file *file, struct conf *conf,
                       struct err *err)
{
	struct err later;
	int rc;

	conf_init(conf);
	rc = conf_read_file(conf, settings_file_path(file), err);
	if (rc == 0)
		return assign(file, conf, err);
	assign(file, conf, &later);
	return rc;
}

int settings_file_read_if_any(const struct settings_file *file,
                              struct conf *conf, struct err *err)
{
	const char *path = settings_file_path(file);

	if (strcmp(path, settings_file_default()) != 0 ||
	    access(path, F_OK) == 0 || errno != ENOENT)
		return settings_file_read(file, conf, err);
	conf_init(conf);
	return assign(file, conf, err);
}

void settings_file_warn(const struct conf *conf)
{
	for (size_t i = 0; i < conf->remarks.count; i++)
		log_warning("%s", conf->remarks.items[i]);
}
