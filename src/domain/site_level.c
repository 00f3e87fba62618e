#include "domain/site_level.h"

#include <strings.h>

#define BIT(level) SITE_LEVEL_BIT(SITE_LEVEL_##level)

/* `holds`: all that it refuses no less than. */
static const struct {
	const char *text;
	unsigned holds;
} levels[SITE_LEVELS] = {
	[SITE_LEVEL_NONE] = {"none", BIT(NONE)},
	[SITE_LEVEL_MAY] = {"may", BIT(NONE) | BIT(MAY)},
	[SITE_LEVEL_ENCRYPT] = {"encrypt", BIT(NONE) | BIT(MAY) | BIT(ENCRYPT)},
	[SITE_LEVEL_DANE] = {"dane", BIT(NONE) | BIT(MAY) | BIT(DANE)},
	[SITE_LEVEL_DANE_ONLY] = {"dane-only",
                                  BIT(NONE) | BIT(MAY) | BIT(ENCRYPT) |
                                          BIT(DANE) | BIT(DANE_ONLY)},
	[SITE_LEVEL_FINGERPRINT] = {"fingerprint", BIT(NONE) | BIT(MAY) |
                                                           BIT(ENCRYPT) |
                                                           BIT(FINGERPRINT)},
	/* the names of verify come from DNS, those of secure do not */
	[SITE_LEVEL_VERIFY] = {"verify", BIT(NONE) | BIT(MAY) | BIT(ENCRYPT) |
                                                 BIT(VERIFY)},
	[SITE_LEVEL_SECURE] = {"secure", BIT(NONE) | BIT(MAY) | BIT(ENCRYPT) |
                                                 BIT(VERIFY) | BIT(SECURE)},
};

enum site_level site_level_of(const char *text)
{
	enum site_level level = SITE_LEVEL_NONE;

	while (level < SITE_LEVELS && strcasecmp(levels[level].text, text) != 0)
		level++;
	return level;
}

const char *site_level_text(enum site_level level)
{
	return level < SITE_LEVELS ? levels[level].text : "";
}

bool site_level_holds(enum site_level level, unsigned own)
{
	return (own & ~levels[level].holds) == 0;
}

bool site_level_takes_dane(unsigned own)
{
	return site_level_holds(SITE_LEVEL_DANE, own) ||
	       site_level_holds(SITE_LEVEL_DANE_ONLY, own);
}

bool site_level_takes_sts(unsigned own, bool verifies_host)
{
	return (own & BIT(SECURE)) == 0 &&
	       site_level_holds(SITE_LEVEL_SECURE, own & ~BIT(DANE)) &&
	       ((own & BIT(VERIFY)) == 0 || verifies_host);
}
