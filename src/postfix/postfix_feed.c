#include "postfix/postfix_feed.h"

#include <stdio.h>

#include "postfix/postfix_reach.h"
#include "postfix/postfix_tlsrpt.h"
#include "words/feed.h"

/* Why this one sends no events to the socket; false: it does. */
static bool says_why_not(const struct postfix_instance *instance,
                         const char *socket, struct postfix_feed *choice)
{
	const struct postconf *set = &instance->set;
	const char *version = postconf_get(set, "mail_version");
	const struct postconf_service *cut_off;
	const char *words = NULL;

	switch (postfix_tlsrpt(set)) {
	case TLSRPT_NOT_SEEN:
		words = "its smtp(8) cannot be read, so nobody knows whether "
			"it sends events";
		break;
	case TLSRPT_UNHEARD_OF:
		words = "it has no TLSRPT support";
		break;
	case TLSRPT_LEFT_OUT:
		words = "it was built without TLSRPT support";
		break;
	case TLSRPT_BUILT_IN:
		break;
	}
	cut_off = postfix_cut_off(set, "smtp", socket);
	if (words != NULL)
		snprintf(choice->why, sizeof(choice->why),
		         "Postfix %s (%s): %s", version ? version : "?",
		         instance->directory, words);
	else if (cut_off != NULL)
		snprintf(choice->why, sizeof(choice->why),
		         "%s in %s/master.cf runs in a chroot and cannot "
		         "reach the socket %s",
		         cut_off->name, instance->directory, socket);
	return words != NULL || cut_off != NULL;
}

void postfix_feed_choose(const struct postfix_site *site, const char *socket,
                         struct postfix_feed *choice)
{
	choice->feed = FEED_LOG;
	for (size_t i = 0; i < site->count; i++)
		if (site->instances[i].sends && site->instances[i].known &&
		    says_why_not(&site->instances[i], socket, choice))
			return;
	choice->feed = FEED_EVENTS;
	snprintf(choice->why, sizeof(choice->why),
	         "this Postfix was built with TLSRPT support and sends events");
}
