#include "jmap/permission.h"

#include <string.h>

#include "base/auto.h"
#include "base/nearest.h"

#define PERMISSION_WORD(name, bit, word)                                       \
	case bit:                                                              \
		return word;

const char *jmap_permission_word(enum jmap_permission permission)
{
	switch ((unsigned)permission) {
		JMAP_PERMISSIONS(PERMISSION_WORD)
	}
	return NULL;
}

bool jmap_permission_from_word(const char *word,
                               enum jmap_permission *permission,
                               struct err *err)
{
	auto_(strbuf_clear) struct strbuf all = {0};
	struct nearest nearest = nearest_to(word);

	for (unsigned bit = 1; bit < PERMIT_ALL; bit <<= 1) {
		const char *each = jmap_permission_word(bit);

		if (strcmp(each, word) == 0) {
			*permission = bit;
			return true;
		}
		nearest_offer(&nearest, each);
	}
	jmap_permission_list(PERMIT_ALL, ", ", &all);
	err_set(err, ERR_PARSE, "'%.60s' is not a permission%s %s%s", word,
	        nearest.name ? "; did you mean" : "; they are",
	        nearest.name ? nearest.name : strbuf_text(&all),
	        nearest.name ? "?" : "");
	return false;
}

void jmap_permission_list(unsigned permissions, const char *between,
                          struct strbuf *out)
{
	const char *before = "";

	for (unsigned bit = 1; bit < PERMIT_ALL; bit <<= 1)
		if (permissions & bit) {
			strbuf_printf(out, "%s%s", before,
			              jmap_permission_word(bit));
			before = between;
		}
}
