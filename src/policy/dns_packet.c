#include "policy/dns_packet.h"

#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#include "base/auto.h"
#include "base/domain.h"

enum {
	HEADER_BYTES = 12,
	TTL_SIGN = 1u << 31, /* RFC 2181 section 8: such a TTL is 0 */
	LABEL_TYPE = 0xc0,   /* an uncompressed name has none of these bits */
};

static void free_packet(ldns_pkt **packet)
{
	ldns_pkt_free(*packet);
	*packet = NULL;
}

size_t dns_question_write(const struct dns_question *question,
                          uint8_t out[DNS_QUESTION_MAX])
{
	ldns_rdf *name = ldns_dname_new_frm_str(question->name);
	ldns_pkt *packet = NULL;
	uint8_t *wire = NULL;
	size_t len = 0;

	if (name == NULL)
		return 0;
	packet = ldns_pkt_query_new(name, (ldns_rr_type)question->type,
	                            LDNS_RR_CLASS_IN, LDNS_RD);
	if (packet == NULL)
		abort(); /* memory, and nothing else */
	ldns_pkt_set_id(packet, question->id);
	ldns_pkt_set_cd(packet, question->unchecked);
	ldns_pkt_set_edns_udp_size(packet, DNS_UDP_PAYLOAD);
	ldns_pkt_set_edns_do(packet, true);
	if (ldns_pkt2wire(&wire, packet, &len) != LDNS_STATUS_OK ||
	    len > DNS_QUESTION_MAX)
		len = 0;
	else
		memcpy(out, wire, len);
	free(wire);
	free_packet(&packet);
	return len;
}

/* A host name as text; false for one that no host has (a dot or a control
 * character inside a label).  The root is ".". */
static bool host_text(const ldns_rdf *name, char out[DOMAIN_TEXT])
{
	const uint8_t *at = ldns_rdf_data(name);
	const uint8_t *end = at + ldns_rdf_size(name);
	char text[LDNS_MAX_DOMAINLEN + 1];
	size_t len = 0;

	if (end - at == 1 && at[0] == 0) {
		memcpy(out, ".", 2);
		return true;
	}
	while (at < end && at[0] != 0) {
		size_t label = *at++;

		if ((label & LABEL_TYPE) != 0 || label > (size_t)(end - at) ||
		    len + label + 1 > sizeof(text))
			return false;
		for (size_t i = 0; i < label; i++)
			if (at[i] == '.' || at[i] >= 0x7f)
				return false;
		memcpy(text + len, at, label);
		len += label;
		text[len++] = '.';
		at += label;
	}
	return domain_canonical(text, len, out, NULL) == 0;
}

/* What stands in all RDATA fields, one after the other. */
static void copy_rdata(const ldns_rr *rr, struct arena *arena,
                       struct dns_record *record)
{
	unsigned char *out;
	size_t len = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		len += ldns_rdf_size(ldns_rr_rdf(rr, i));
	out = arena_alloc(arena, len + 1);
	record->data = out;
	record->len = len;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *field = ldns_rr_rdf(rr, i);

		memcpy(out, ldns_rdf_data(field), ldns_rdf_size(field));
		out += ldns_rdf_size(field);
	}
}

/* RFC 8460 section 3: the strings are joined without anything between. */
static void copy_txt(const ldns_rr *rr, struct arena *arena,
                     struct dns_record *record)
{
	unsigned char *out;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		record->len += ldns_rdf_size(ldns_rr_rdf(rr, i)) - 1;
	out = arena_alloc(arena, record->len + 1);
	record->data = out;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *string = ldns_rr_rdf(rr, i);
		size_t len = ldns_rdf_size(string) - 1; /* its length byte */

		memcpy(out, ldns_rdf_data(string) + 1, len);
		out += len;
	}
}

static void copy_record(const ldns_rr *rr, struct arena *arena,
                        struct dns_record *record)
{
	char host[DOMAIN_TEXT];

	if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_TXT) {
		copy_txt(rr, arena, record);
		return;
	}
	copy_rdata(rr, arena, record);
	if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_MX ||
	    ldns_rr_rd_count(rr) != 2)
		return;
	record->preference = ldns_rdf2native_int16(ldns_rr_rdf(rr, 0));
	if (host_text(ldns_rr_rdf(rr, 1), host))
		record->host = arena_strdup(arena, host);
}

static uint32_t ttl_of(const ldns_rr *rr)
{
	uint32_t ttl = ldns_rr_ttl(rr);

	return (ttl & TTL_SIGN) != 0 ? 0 : ttl;
}

static bool rr_is(const ldns_rr *rr, const ldns_rdf *owner, ldns_rr_type type)
{
	return ldns_rr_get_type(rr) == type &&
	       ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
	       ldns_dname_compare(ldns_rr_owner(rr), owner) == 0;
}

/* Copies the records of that owner and type. */
static void take_records(const ldns_rr_list *section, const ldns_rdf *owner,
                         ldns_rr_type type, struct arena *arena,
                         struct dns_answer *answer)
{
	size_t count = ldns_rr_list_rr_count(section), found = 0;

	for (size_t i = 0; i < count; i++)
		found += rr_is(ldns_rr_list_rr(section, i), owner, type);
	if (found > DNS_RECORDS_MAX)
		found = DNS_RECORDS_MAX;
	answer->records = arena_array(arena, found, sizeof(*answer->records));
	for (size_t i = 0; i < count && answer->count < found; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(section, i);

		if (!rr_is(rr, owner, type))
			continue;
		copy_record(rr, arena, &answer->records[answer->count++]);
		if (ttl_of(rr) < answer->ttl)
			answer->ttl = ttl_of(rr);
	}
}

static const ldns_rr *find_rr(const ldns_rr_list *section,
                              const ldns_rdf *owner, ldns_rr_type type)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++)
		if (rr_is(ldns_rr_list_rr(section, i), owner, type))
			return ldns_rr_list_rr(section, i);
	return NULL;
}

/* RFC 2308 section 5: the SOA's TTL or its minimum, whichever is less; without
 * an SOA nothing may be kept. */
static uint32_t negative_ttl(const ldns_rr_list *authority, bool *has_soa)
{
	*has_soa = false;
	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(authority, i);
		uint32_t minimum;

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA ||
		    ldns_rr_rd_count(rr) != 7)
			continue;
		*has_soa = true;
		minimum = ldns_rdf2native_int32(ldns_rr_rdf(rr, 6));
		return minimum < ttl_of(rr) ? minimum : ttl_of(rr);
	}
	return 0;
}

/* From the name that was asked for along the CNAMEs to where they end. */
static const ldns_rdf *follow(const ldns_rr_list *section, const ldns_rdf *name,
                              ldns_rr_type type, uint32_t *ttl)
{
	for (int i = 0; i < DNS_CNAMES_MAX; i++) {
		const ldns_rr *alias;

		if (find_rr(section, name, type) != NULL)
			break;
		alias = find_rr(section, name, LDNS_RR_TYPE_CNAME);
		if (alias == NULL || ldns_rr_rd_count(alias) != 1)
			break;
		if (ttl_of(alias) < *ttl)
			*ttl = ttl_of(alias);
		name = ldns_rr_rdf(alias, 0);
	}
	return name;
}

static void fill_answer(const ldns_pkt *packet, const ldns_rr *question,
                        struct arena *arena, struct dns_reply *reply)
{
	const ldns_rr_list *section = ldns_pkt_answer(packet);
	ldns_rr_type type = ldns_rr_get_type(question);
	struct dns_answer *answer = &reply->answer;
	const ldns_rdf *asked = ldns_rr_owner(question), *owner;
	char text[DOMAIN_TEXT];
	uint32_t ttl;
	bool has_soa;

	answer->ttl = UINT32_MAX;
	owner = follow(section, asked, type, &answer->ttl);
	if (host_text(owner, text))
		answer->owner = arena_strdup(arena, text);
	take_records(section, owner, type, arena, answer);
	if (answer->count > 0) {
		answer->status = VIEW_OK;
		return;
	}
	answer->status = VIEW_NONE;
	ttl = negative_ttl(ldns_pkt_authority(packet), &has_soa);
	reply->unfinished = owner != asked && !has_soa &&
	                    reply->rcode == DNS_NOERROR &&
	                    answer->owner != NULL;
	if (!reply->unfinished && ttl < answer->ttl)
		answer->ttl = ttl;
}

/* The question of the packet when it is ours, else NULL. */
static const ldns_rr *our_question(const ldns_pkt *packet,
                                   const struct dns_question *question)
{
	const ldns_rr_list *section = ldns_pkt_question(packet);
	ldns_rdf *name;
	const ldns_rr *rr;
	bool same;

	if (ldns_rr_list_rr_count(section) != 1)
		return NULL;
	rr = ldns_rr_list_rr(section, 0);
	name = ldns_dname_new_frm_str(question->name);
	same = name != NULL && rr_is(rr, name, (ldns_rr_type)question->type);
	ldns_rdf_deep_free(name);
	return same ? rr : NULL;
}

int dns_reply_read(const uint8_t *data, size_t len,
                   const struct dns_question *question, struct arena *arena,
                   struct dns_reply *reply, struct err *err)
{
	auto_(free_packet) ldns_pkt *packet = NULL;
	const ldns_rr *asked;
	ldns_status status;

	memset(reply, 0, sizeof(*reply));
	/* cheap, before anything is read of a packet that may be anybody's */
	if (len < HEADER_BYTES || data[0] != question->id >> 8 ||
	    data[1] != (question->id & 0xff) || (data[2] & 0x80) == 0)
		return 0;
	status = ldns_wire2pkt(&packet, data, len);
	if (status != LDNS_STATUS_OK)
		return err_set(err, ERR_PARSE, "a malformed answer (%s)",
		               ldns_get_errorstr_by_id(status));
	asked = our_question(packet, question);
	if (asked == NULL)
		return 0;
	/* RFC 6891 section 6.1.3: BADVERS is 0 in the header's four bits */
	reply->rcode = ldns_pkt_get_rcode(packet) |
	               (unsigned)ldns_pkt_edns_extended_rcode(packet) << 4;
	reply->truncated = ldns_pkt_tc(packet);
	reply->authentic = ldns_pkt_ad(packet);
	if (reply->rcode == DNS_NOERROR || reply->rcode == DNS_NXDOMAIN)
		fill_answer(packet, asked, arena, reply);
	return 1;
}

const char *dns_rcode_word(unsigned rcode, struct arena *arena)
{
	static const char *const words[] = {"NOERROR",  "FORMERR", "SERVFAIL",
	                                    "NXDOMAIN", "NOTIMP",  "REFUSED"};

	if (rcode < sizeof(words) / sizeof(words[0]))
		return words[rcode];
	return arena_printf(arena, "RCODE %u", rcode);
}
