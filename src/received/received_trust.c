#include "received/received_trust.h"

#include <stdbool.h>
#include <string.h>

#include "base/registered_domain.h"

static bool is_named(const struct auth_results *results,
                     const char *const *servers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(results->server, servers[i]) == 0)
			return true;
	return false;
}

static bool same_organization(const char *a, const char *b)
{
	return strcmp(registered_domain(a), registered_domain(b)) == 0;
}

/* "" where there is none, or where it is not a domain name. */
static void submitter_of(const struct received_mail *mail,
                         char domain[DOMAIN_TEXT])
{
	const char *text = mail->submitter;

	if (text == NULL ||
	    domain_canonical(text, strlen(text), domain, NULL) != 0)
		domain[0] = '\0';
}

static void say_why(const struct received_mail *mail, const char *submitter,
                    bool any_server, bool any_signature, struct err *why)
{
	if (!any_server)
		err_set(why, ERR_NOTFOUND,
		        "no server of [received] authserv_id has added "
		        "Authentication-Results");
	else if (!any_signature)
		err_set(why, ERR_NOTFOUND, "no DKIM signature passed");
	else
		err_set(why, ERR_NOTFOUND,
		        "no DKIM signature that passed is of %s (From)%s%s%s",
		        mail->from_domain, submitter[0] != '\0' ? " and " : "",
		        submitter,
		        submitter[0] != '\0' ? " (TLS-Report-Submitter)" : "");
}

/* Has this server seen one that vouches for it?  Lent. */
static const char *signer_in(const struct auth_results *results,
                             const struct received_mail *mail,
                             const char *submitter, bool *any_signature)
{
	for (size_t i = 0; i < results->count; i++) {
		const char *domain = results->signatures[i].domain;

		if (!results->signatures[i].passed || domain[0] == '\0')
			continue;
		*any_signature = true;
		if (same_organization(domain, mail->from_domain) &&
		    (submitter[0] == '\0' ||
		     same_organization(domain, submitter)))
			return domain;
	}
	return NULL;
}

const char *received_signer(const struct received_mail *mail,
                            const char *const *servers, size_t count,
                            struct err *why)
{
	bool any_server = false, any_signature = false;
	char submitter[DOMAIN_TEXT];

	submitter_of(mail, submitter);
	if (mail->from_domain[0] == '\0') {
		err_set(why, ERR_NOTFOUND, "From does not have one address");
		return NULL;
	}
	for (size_t i = 0; i < mail->result_count; i++) {
		const struct auth_results *results = &mail->results[i];
		const char *signer;

		if (!is_named(results, servers, count))
			continue;
		any_server = true;
		signer = signer_in(results, mail, submitter, &any_signature);
		if (signer != NULL)
			return signer;
	}
	say_why(mail, submitter, any_server, any_signature, why);
	return NULL;
}
