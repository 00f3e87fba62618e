#include "rollup/lists.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "conf/list_item.h"

struct entry {
	struct list_item item;             /* without what it lends */
	char address[RUA_ADDRESS_MAX + 1]; /* canonical; "" */
	struct rua *targets;
	size_t count;
};

struct list {
	struct entry *entries;
	size_t count;
};

struct lists {
	struct list deny, redirect, bcc;
	struct entry always_bcc; /* targets alone */
};

static int add_target(struct entry *entry, const char *text, size_t len,
                      struct err *err)
{
	if (entry->count == LISTS_TARGETS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d URIs",
		               LISTS_TARGETS_MAX);
	entry->targets = xrealloc(entry->targets, entry->count + 1,
	                          sizeof(*entry->targets));
	return rua_parse(text, len, &entry->targets[entry->count++], err);
}

static int fill_entry(struct entry *entry, const char *text, bool leads,
                      struct err *err)
{
	struct list_item *item = &entry->item;
	struct span target;
	struct rua address;

	int rc = list_item_parse(text, item, err);

	if (leads && !item->has_arrow && !item->except)
		return err_set(err, ERR_PARSE, "no '->'");
	if (rc < 0)
		return rc;
	if (item->has_arrow && (!leads || item->except))
		return err_set(err, ERR_PARSE, "'->' has no meaning here");
	if (item->kind == LIST_ITEM_ADDRESS) {
		if (rua_from_address(item->address.at, item->address.len,
		                     &address, err) < 0)
			return err->class;
		strcpy(entry->address, address.address);
	}
	if (item->has_arrow && item->targets.len == 0)
		return err_set(err, ERR_PARSE, "no URI");
	while (list_item_target(&item->targets, &target))
		if (add_target(entry, target.at, target.len, err) < 0)
			return err->class;
	return 0;
}

static int read_list(struct list *list, const char *name,
                     const struct conf_list *items, bool leads, struct err *err)
{
	if (items->count == 0)
		return 0;
	list->entries = xcalloc(items->count, sizeof(*list->entries));
	list->count = items->count;
	for (size_t i = 0; i < items->count; i++)
		if (fill_entry(&list->entries[i], items->items[i], leads, err) <
		    0)
			return err_prefix(err, "[report] %s = %s", name,
			                  items->items[i]);
	return 0;
}

static int read_always(struct entry *entry, const struct conf_list *items,
                       struct err *err)
{
	for (size_t i = 0; i < items->count; i++)
		if (add_target(entry, items->items[i], strlen(items->items[i]),
		               err) < 0)
			return err_prefix(err, "[report] always_bcc = %s",
			                  items->items[i]);
	return 0;
}

int lists_new(struct lists **out, const struct conf *conf, struct err *err)
{
	struct lists *lists = xcalloc(1, sizeof(*lists));
	struct err why = {0};

	if (read_list(&lists->deny, "deny", &conf->report.deny, false, &why) <
	            0 ||
	    read_list(&lists->redirect, "redirect", &conf->report.redirect,
	              true, &why) < 0 ||
	    read_list(&lists->bcc, "bcc", &conf->report.bcc, true, &why) < 0 ||
	    read_always(&lists->always_bcc, &conf->report.always_bcc, &why) < 0)
		lists_free(&lists);
	*out = lists;
	return lists != NULL ? 0 : err_set(err, why.class, "%s", why.text);
}

static void list_clear(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->entries[i].targets);
	free(list->entries);
}

void lists_free(struct lists **lists)
{
	if (*lists == NULL)
		return;
	list_clear(&(*lists)->deny);
	list_clear(&(*lists)->redirect);
	list_clear(&(*lists)->bcc);
	free((*lists)->always_bcc.targets);
	free(*lists);
	*lists = NULL;
}

/* Exceptions are nothing to the caller. */
static const struct entry *find_domain(const struct list *list,
                                       const char *domain)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct entry *entry = &list->entries[i];

		if (entry->item.kind == LIST_ITEM_DOMAIN &&
		    name_pattern_matches(&entry->item.pattern, domain))
			return entry->item.except ? NULL : entry;
	}
	return NULL;
}

static bool is_of(const struct entry *entry, const struct rua *rua)
{
	const struct list_item *item = &entry->item;

	switch (item->kind) {
	case LIST_ITEM_ADDRESS:
		return rua->kind == RUA_MAIL &&
		       strcmp(entry->address, rua->address) == 0;
	case LIST_ITEM_PLACE:
		return rua->host[0] != '\0' &&
		       !(rua->kind == RUA_MAIL ? item->no_mail
		                               : item->no_https) &&
		       name_pattern_matches(&item->pattern, rua->host);
	default:
		return false;
	}
}

static const struct entry *find_rua(const struct list *list,
                                    const struct rua *rua)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_of(&list->entries[i], rua))
			return list->entries[i].item.except ? NULL
			                                    : &list->entries[i];
	return NULL;
}

static struct lists_targets targets_of(const struct entry *entry)
{
	return entry != NULL
	               ? (struct lists_targets){entry->targets, entry->count}
	               : (struct lists_targets){NULL, 0};
}

bool lists_domain_denied(const struct lists *lists, const char *domain)
{
	return find_domain(&lists->deny, domain) != NULL;
}

struct lists_targets lists_domain_redirect(const struct lists *lists,
                                           const char *domain)
{
	return targets_of(find_domain(&lists->redirect, domain));
}

struct lists_targets lists_domain_bcc(const struct lists *lists,
                                      const char *domain)
{
	return targets_of(find_domain(&lists->bcc, domain));
}

struct lists_targets lists_always_bcc(const struct lists *lists)
{
	return targets_of(&lists->always_bcc);
}

bool lists_rua_denied(const struct lists *lists, const struct rua *rua)
{
	return find_rua(&lists->deny, rua) != NULL;
}

struct lists_targets lists_rua_redirect(const struct lists *lists,
                                        const struct rua *rua)
{
	return targets_of(find_rua(&lists->redirect, rua));
}

struct lists_targets lists_rua_bcc(const struct lists *lists,
                                   const struct rua *rua)
{
	return targets_of(find_rua(&lists->bcc, rua));
}
