#include "doctor/check.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>

#include "base/auto.h"
#include "base/json.h"
#include "show/doc.h"

void check_tell(struct look *look, enum finding_id id, const char *const *texts,
                size_t count)
{
	const struct finding *finding = &findings[id];
	auto_(strbuf_clear) struct strbuf words = {0}, command = {0};
	json_t *item = doc_row(look->list);

	finding_write(finding->words, texts, count, &words);
	doc_set(item, "check", look->check->name);
	doc_set(item, "about", look->about);
	doc_set(item, "grade", doctor_grade_word(finding->grade));
	doc_set(item, "words", strbuf_text(&words));
	if (finding->command == NULL)
		return;
	finding_write(finding->command, texts, count, &command);
	if (command.len > 0)
		doc_set(item, "command", strbuf_text(&command));
}

const char *check_settings_file(const struct look *look)
{
	const char *file = look->of->conf->file;

	return file != NULL ? file : CONF_FILE;
}

static json_t *last_told(const struct look *look)
{
	size_t count = json_array_size(look->list);

	return count > 0 ? json_array_get(look->list, count - 1) : NULL;
}

void check_tell_since(struct look *look, int64_t since)
{
	json_t *item = last_told(look);

	if (item != NULL && since > 0)
		json_set_time(item, "since", since);
}

enum doctor_grade check_grade(const struct look *look)
{
	const json_t *item = last_told(look);

	return item != NULL ? doctor_grade_of(doc_text(item, "grade"))
	                    : DOCTOR_GOOD;
}

const char *check_number(struct look *look, uint64_t n)
{
	return arena_printf(look->arena, "%" PRIu64, n);
}

const char *check_user_name(struct look *look, uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	return pw != NULL ? arena_strdup(look->arena, pw->pw_name)
	                  : check_number(look, uid);
}

const char *check_group_name(struct look *look, gid_t gid)
{
	const struct group *gr = getgrgid(gid);

	return gr != NULL ? arena_strdup(look->arena, gr->gr_name)
	                  : check_number(look, gid);
}
