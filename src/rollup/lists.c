#include "rollup/lists.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "base/xalloc.h"

enum kind { KIND_DOMAIN, KIND_RUA_DOMAIN, KIND_ADDRESS };

struct entry {
	enum kind kind;
	char name[RUA_ADDRESS_MAX + 1]; /* canonical */
	bool denied;
	struct rua target; /* when not denied */
};

struct lists {
	struct entry *entries;
	size_t count;
};

/* "@domain", "local@domain" or "domain" to kind and canonical name. */
static int parse_what(struct entry *entry, const char *text, size_t len,
                      struct err *err)
{
	struct rua address;
	int rc;

	if (len > 0 && text[0] == '@') {
		entry->kind = KIND_RUA_DOMAIN;
		return domain_canonical(text + 1, len - 1, entry->name, err);
	}
	if (memchr(text, '@', len) == NULL) {
		entry->kind = KIND_DOMAIN;
		return domain_canonical(text, len, entry->name, err);
	}
	entry->kind = KIND_ADDRESS;
	rc = rua_from_address(text, len, &address, err);
	if (rc == 0)
		strcpy(entry->name, address.address);
	return rc;
}

static struct entry *add_entry(struct lists *lists)
{
	lists->entries = xrealloc(lists->entries, lists->count + 1,
	                          sizeof(*lists->entries));
	memset(&lists->entries[lists->count], 0, sizeof(*lists->entries));
	return &lists->entries[lists->count++];
}

static int add_redirect(struct lists *lists, const char *item, struct err *err)
{
	struct entry *entry = add_entry(lists);
	const char *arrow = strstr(item, "->");
	const char *to;
	size_t len;

	if (arrow == NULL)
		return err_set(err, ERR_PARSE,
		               "[report] redirect = %s: no '->'", item);
	len = (size_t)(arrow - item);
	while (len > 0 && isspace((unsigned char)item[len - 1]))
		len--;
	to = arrow + 2;
	while (isspace((unsigned char)*to))
		to++;
	if (parse_what(entry, item, len, err) < 0 ||
	    rua_parse(to, strlen(to), &entry->target, err) < 0)
		return err_prefix(err, "[report] redirect = %s", item);
	return 0;
}

int lists_new(struct lists **out, const struct conf *conf, struct err *err)
{
	struct lists *lists = xcalloc(1, sizeof(*lists));
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < conf->report.deny.count; i++) {
		const char *item = conf->report.deny.items[i];
		struct entry *entry = add_entry(lists);

		entry->denied = true;
		rc = parse_what(entry, item, strlen(item), err);
		if (rc < 0)
			err_prefix(err, "[report] deny = %s", item);
	}
	for (size_t i = 0; rc == 0 && i < conf->report.redirect.count; i++)
		rc = add_redirect(lists, conf->report.redirect.items[i], err);
	if (rc < 0)
		lists_free(&lists);
	*out = lists;
	return rc;
}

void lists_free(struct lists **lists)
{
	if (*lists == NULL)
		return;
	free((*lists)->entries);
	free(*lists);
	*lists = NULL;
}

static const struct entry *find_entry(const struct lists *lists, enum kind kind,
                                      const char *name, bool denied)
{
	for (size_t i = 0; i < lists->count; i++) {
		const struct entry *entry = &lists->entries[i];

		if (entry->kind == kind && entry->denied == denied &&
		    strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

static const struct entry *find_rua(const struct lists *lists,
                                    const struct rua *rua, bool denied)
{
	const struct entry *entry = NULL;

	if (rua->kind == RUA_MAIL)
		entry = find_entry(lists, KIND_ADDRESS, rua->address, denied);
	if (entry == NULL && rua->host[0] != '\0')
		entry = find_entry(lists, KIND_RUA_DOMAIN, rua->host, denied);
	return entry;
}

bool lists_domain_denied(const struct lists *lists, const char *domain)
{
	return find_entry(lists, KIND_DOMAIN, domain, true) != NULL;
}

const struct rua *lists_domain_redirect(const struct lists *lists,
                                        const char *domain)
{
	const struct entry *entry =
		find_entry(lists, KIND_DOMAIN, domain, false);

	return entry ? &entry->target : NULL;
}

bool lists_rua_denied(const struct lists *lists, const struct rua *rua)
{
	return find_rua(lists, rua, true) != NULL;
}

const struct rua *lists_rua_redirect(const struct lists *lists,
                                     const struct rua *rua)
{
	const struct entry *entry = find_rua(lists, rua, false);

	return entry ? &entry->target : NULL;
}
