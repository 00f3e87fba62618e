#include "cli/width.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { COLUMNS_MAX = 10000 };

/* The C library knows widths in a locale that has UTF-8 only. */
static locale_t utf8_locale(void)
{
	static locale_t locale;

	if (locale == (locale_t)0)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return locale;
}

/* The columns of the first character, and its bytes.  What the C library does
 * not know takes one. */
static size_t first_char(const char *text, size_t len, size_t *bytes)
{
	mbstate_t state = {0};
	wchar_t c;
	int width;

	*bytes = 1;
	if ((unsigned char)text[0] < 0x80)
		return 1;
	*bytes = mbrtowc(&c, text, len, &state);
	if (*bytes == 0 || *bytes > len) {
		*bytes = 1;
		return 1;
	}
	width = wcwidth(c);
	return width < 0 ? 1 : (size_t)width;
}

size_t width_of(const char *text, size_t len)
{
	locale_t locale = utf8_locale();
	locale_t old = locale ? uselocale(locale) : (locale_t)0;
	size_t width = 0;

	for (size_t at = 0, bytes; at < len; at += bytes)
		width += first_char(text + at, len - at, &bytes);
	if (locale)
		uselocale(old);
	return width;
}

size_t width_fit(const char *text, size_t columns)
{
	locale_t locale = utf8_locale();
	locale_t old = locale ? uselocale(locale) : (locale_t)0;
	size_t len = strlen(text), at = 0, width = 0, blank = 0, bytes;

	while (at < len) {
		width += first_char(text + at, len - at, &bytes);
		if (text[at] == ' ' && at > 0)
			blank = at;
		if (width > columns && at > 0)
			break;
		at += bytes;
	}
	if (locale)
		uselocale(old);
	return at == len || blank == 0 ? at : blank;
}

size_t width_of_terminal(int fd)
{
	const char *asked = getenv("COLUMNS");
	struct winsize size = {.ws_col = 0};
	long columns = asked ? strtol(asked, NULL, 10) : 0;

	if (!isatty(fd))
		return 0;
	if (columns > 0 && columns <= COLUMNS_MAX)
		return (size_t)columns;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
