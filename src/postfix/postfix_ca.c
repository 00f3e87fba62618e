#include "postfix/postfix_ca.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path_access.h"

enum { LINKS_MAX = 8 };

/* Who looks: a service, and what "/" is for it. */
struct looker {
	const char *root; /* "" without a chroot */
	const struct access_user *user;
};

/* "4042bcee.0", which is how OpenSSL finds one. */
static bool is_hashed(const char *name)
{
	size_t len = strspn(name, "0123456789abcdef");

	return len == 8 && name[8] == '.' && isdigit((unsigned char)name[9]);
}

/* Where the link leads, over others, for who has another root. */
static void follow(const struct looker *looker, const char *directory,
                   const char *name, char path[PATH_MAX])
{
	char target[PATH_MAX / 2];
	ssize_t len;

	snprintf(path, PATH_MAX, "%s/%s", directory, name);
	for (int i = 0; i < LINKS_MAX; i++) {
		len = readlink(path, target, sizeof(target) - 1);
		if (len <= 0)
			return;
		target[len] = '\0';
		if (target[0] == '/')
			snprintf(path, PATH_MAX, "%s%s", looker->root, target);
		else
			snprintf(strrchr(path, '/') + 1, sizeof(target), "%s",
			         target);
	}
}

/* The first certificate tells for all. */
static enum postfix_ca_state look_into(const struct looker *looker,
                                       const char *directory,
                                       struct access_answer *answer)
{
	enum postfix_ca_state state = POSTFIX_CA_NO_PATH;
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	char path[PATH_MAX];

	if (dir == NULL)
		return errno == EACCES ? POSTFIX_CA_NOT_SEEN
		                       : POSTFIX_CA_NO_PATH;
	while (state == POSTFIX_CA_NO_PATH && (entry = readdir(dir)) != NULL) {
		if (!is_hashed(entry->d_name))
			continue;
		follow(looker, directory, entry->d_name, path);
		access_look(looker->user, path, looker->root, ACCESS_READ,
		            answer);
		if (answer->verdict == ACCESS_GRANTED)
			state = POSTFIX_CA_WELL;
		else if (answer->verdict == ACCESS_DENIED)
			state = POSTFIX_CA_DENIED;
		else if (answer->verdict == ACCESS_NOT_SEEN)
			state = POSTFIX_CA_NOT_SEEN;
	}
	closedir(dir);
	return state;
}

static enum postfix_ca_state look_at_path(const struct looker *looker,
                                          const char *path, struct arena *arena,
                                          const char **where)
{
	const char *seen = arena_printf(arena, "%s%s", looker->root, path);
	struct access_answer answer = {0};
	enum postfix_ca_state state = look_into(looker, seen, &answer);
	const struct looker outside = {"", looker->user};

	*where = state == POSTFIX_CA_DENIED ? arena_strdup(arena, answer.at)
	                                    : seen;
	if (state == POSTFIX_CA_NO_PATH && looker->root[0] != '\0' &&
	    look_into(&outside, path, &answer) != POSTFIX_CA_NO_PATH)
		return POSTFIX_CA_OUTSIDE;
	return state;
}

static enum postfix_ca_state look_at(const struct looker *looker,
                                     const char *file, const char *path,
                                     struct arena *arena, const char **where)
{
	struct stat st;

	*where = file;
	if (file[0] != '\0')
		return stat(file, &st) == 0 ? POSTFIX_CA_WELL
		       : errno == EACCES    ? POSTFIX_CA_NOT_SEEN
		                            : POSTFIX_CA_NO_FILE;
	if (path[0] == '\0')
		return POSTFIX_CA_NONE;
	return look_at_path(looker, path, arena, where);
}

static const char *text_of(const struct postconf *set,
                           const struct postconf_service *service,
                           const char *name)
{
	const char *value = postconf_of_service(set, service, name);

	return value != NULL ? value : "";
}

/* Does TLS for smtp(8)? */
static bool is_proxy(const struct postconf *set,
                     const struct postconf_service *service)
{
	const char *reuse = postconf_get(set, "smtp_tls_connection_reuse");

	return strcmp(service->program, "tlsproxy") == 0 && reuse != NULL &&
	       strcmp(reuse, "yes") == 0;
}

void postfix_ca_look(const struct postfix_facts *facts, struct arena *arena,
                     struct postfix_ca *ca)
{
	const struct postconf *set = &facts->instance->set;
	struct access_user user;

	*ca = (struct postfix_ca){.state = POSTFIX_CA_WELL};
	if (!access_user_find(facts->mail_owner, &user))
		user = (struct access_user){.uid = (uid_t)-1};
	for (size_t i = 0; i < set->service_count; i++) {
		const struct postconf_service *service = &set->services[i];
		const struct looker looker = {
			service->chroot ? facts->queue_directory : "", &user};

		if (!postconf_is_smtp(service) && !is_proxy(set, service))
			continue;
		ca->state = look_at(&looker,
		                    text_of(set, service, "smtp_tls_CAfile"),
		                    text_of(set, service, "smtp_tls_CApath"),
		                    arena, &ca->path);
		ca->service = service->name;
		if (ca->state != POSTFIX_CA_WELL)
			return;
	}
}

const char *postfix_ca_bundle(void)
{
	static const char *const files[] = {
		"/etc/ssl/certs/ca-certificates.crt", /* Debian */
		"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
		"/etc/ssl/ca-bundle.pem",             /* openSUSE */
		"/etc/ssl/cert.pem",                  /* Alpine */
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (access(files[i], R_OK) == 0)
			return files[i];
	return NULL;
}
