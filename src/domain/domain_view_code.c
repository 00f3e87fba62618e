/*
 * The stored bytes of a view: written by the keeper of look-ups, kept by the
 * policy cache, read by whoever judges or shows.
 */
#include "domain/domain_view.h"

#include "base/reader.h"

/* Another form gets another number; a view that cannot be read is looked up
 * again. */
enum { FORM = 3, FORM_WITHOUT_ENFORCED = 2, FORM_WITHOUT_DOUBT = 1 };

static void put_list(struct strbuf *out, const char *const *list, size_t count)
{
	strbuf_u32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		strbuf_str(out, list[i]);
}

static void put_time(struct strbuf *out, int64_t time)
{
	strbuf_u64(out, (uint64_t)time);
}

static void put_sts(struct strbuf *out, const struct domain_view *view)
{
	const struct sts_policy *policy = &view->sts_policy;

	strbuf_u8(out, (uint8_t)view->sts_record);
	strbuf_str(out, view->sts_id);
	strbuf_u8(out, (uint8_t)view->sts);
	strbuf_u8(out, (uint8_t)policy->mode);
	put_time(out, policy->max_age);
	put_list(out, policy->mx, policy->mx_count);
	put_list(out, policy->lines, policy->line_count);
	put_time(out, view->sts_expires_at);
	strbuf_u8(out, (uint8_t)view->sts_fetch);
	put_time(out, view->sts_fetched_at);
	strbuf_str(out, view->sts_problem);
	put_time(out, view->sts_enforced_until);
}

static void put_mx(struct strbuf *out, const struct domain_view *view)
{
	strbuf_u8(out, (uint8_t)view->mx);
	put_time(out, view->mx_checked_at);
	strbuf_u8(out, view->mx_doubted);
	strbuf_u8(out, view->mx_anew);
	strbuf_u8(out, view->mx_secure);
	strbuf_u8(out, view->null_mx);
	strbuf_str(out, view->mx_problem);
	strbuf_u32(out, (uint32_t)view->mx_count);
	for (size_t i = 0; i < view->mx_count; i++) {
		const struct view_mx *mx = &view->mxs[i];

		strbuf_str(out, mx->host);
		strbuf_u32(out, mx->preference);
		strbuf_u8(out, (uint8_t)mx->tlsa);
		put_list(out, mx->tlsa_strings, mx->tlsa_count);
	}
}

void domain_view_encode(const struct domain_view *view, struct strbuf *out)
{
	strbuf_u8(out, FORM);
	strbuf_str(out, view->domain);
	put_time(out, view->checked_at);
	put_time(out, view->expires_at);
	strbuf_u8(out, (uint8_t)view->tlsrpt);
	strbuf_str(out, view->tlsrpt_record);
	strbuf_str(out, view->tlsrpt_problem);
	put_sts(out, view);
	put_mx(out, view);
	strbuf_u8(out, view->unvouched);
}

/* Stored bytes, the arena for their strings. */
struct decode {
	struct reader in;
	struct arena *arena;
	uint8_t form;
};

static uint8_t get_below(struct decode *decode, uint8_t limit)
{
	uint8_t v = reader_u8(&decode->in);

	if (v < limit)
		return v;
	decode->in.failed = true;
	return 0;
}

static enum view_status get_status(struct decode *decode)
{
	return (enum view_status)get_below(decode, VIEW_STATUSES);
}

static bool get_bool(struct decode *decode)
{
	return get_below(decode, 2) != 0;
}

static int64_t get_time(struct decode *decode)
{
	return (int64_t)reader_u64(&decode->in);
}

/* May be NULL. */
static const char *get_text(struct decode *decode)
{
	return reader_str(&decode->in, decode->arena);
}

/* May not. */
static const char *get_name(struct decode *decode)
{
	const char *name = get_text(decode);

	if (name == NULL)
		decode->in.failed = true;
	return name;
}

/* Each takes so many bytes at least: a damaged count asks for nothing. */
static size_t get_count(struct decode *decode, size_t least)
{
	size_t count = reader_u32(&decode->in);

	if (count <= reader_left(&decode->in) / least)
		return count;
	decode->in.failed = true;
	return 0;
}

static const char **get_list(struct decode *decode, size_t *count)
{
	const char **list;

	*count = get_count(decode, sizeof(uint32_t));
	list = arena_array(decode->arena, *count, sizeof(*list));
	for (size_t i = 0; i < *count; i++)
		list[i] = get_name(decode);
	return list;
}

static void get_sts(struct decode *decode, struct domain_view *view)
{
	struct sts_policy *policy = &view->sts_policy;

	view->sts_record = get_status(decode);
	view->sts_id = get_text(decode);
	view->sts = get_status(decode);
	policy->mode = (enum sts_mode)get_below(decode, STS_MODES);
	policy->max_age = get_time(decode);
	policy->mx = get_list(decode, &policy->mx_count);
	policy->lines = get_list(decode, &policy->line_count);
	view->sts_expires_at = get_time(decode);
	view->sts_fetch = get_status(decode);
	view->sts_fetched_at = get_time(decode);
	view->sts_problem = get_text(decode);
	if (decode->form >= FORM)
		view->sts_enforced_until = get_time(decode);
}

static void get_mx(struct decode *decode, struct domain_view *view)
{
	/* a name, a preference, a status, a count */
	enum { LEAST = 4 + 4 + 1 + 4 };

	view->mx = get_status(decode);
	if (decode->form > FORM_WITHOUT_DOUBT) {
		view->mx_checked_at = get_time(decode);
		view->mx_doubted = get_bool(decode);
		view->mx_anew = get_bool(decode);
	}
	view->mx_secure = get_bool(decode);
	view->null_mx = get_bool(decode);
	view->mx_problem = get_text(decode);
	view->mx_count = get_count(decode, LEAST);
	view->mxs =
		arena_array(decode->arena, view->mx_count, sizeof(*view->mxs));
	for (size_t i = 0; i < view->mx_count; i++) {
		struct view_mx *mx = &view->mxs[i];

		mx->host = get_name(decode);
		mx->preference = reader_u32(&decode->in);
		mx->tlsa = get_status(decode);
		mx->tlsa_strings = get_list(decode, &mx->tlsa_count);
	}
}

int domain_view_decode(const void *data, size_t len, struct arena *arena,
                       struct domain_view *view, struct err *err)
{
	struct decode decode = {.arena = arena};

	reader_init(&decode.in, data, len);
	*view = (struct domain_view){0};
	decode.form = reader_u8(&decode.in);
	if (decode.form < FORM_WITHOUT_DOUBT || decode.form > FORM)
		return err_set(
			err, ERR_PARSE,
			"the store has a domain view of another version");
	view->domain = get_name(&decode);
	view->checked_at = get_time(&decode);
	view->expires_at = get_time(&decode);
	view->tlsrpt = get_status(&decode);
	view->tlsrpt_record = get_text(&decode);
	view->tlsrpt_problem = get_text(&decode);
	get_sts(&decode, view);
	get_mx(&decode, view);
	if (decode.form >= FORM)
		view->unvouched = get_bool(&decode);
	if (decode.in.failed || reader_left(&decode.in) > 0)
		return err_set(err, ERR_PARSE,
		               "the store has a damaged domain view");
	return 0;
}
