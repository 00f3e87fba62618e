#!/bin/sh
# www.sh - the files of src/www are those that are installed; and no script makes
# markup or code out of text
srcdir=${srcdir:-.}
status=0

cd "$srcdir" || exit 1
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tlstally-lint.XXXXXX") || exit 1
trap 'rm -rf --one-file-system "$tmp"' EXIT

ls src/www | grep -v '^Makefile' | LC_ALL=C sort >"$tmp/there"
sed -n 's|^	src/www/\([^ ]*\).*|\1|p' src/www/Makefile.inc |
	LC_ALL=C sort >"$tmp/installed"
diff -u "$tmp/there" "$tmp/installed" || {
	echo "the files of src/www are not those that are installed"
	status=1
}

# Every remote string is text (src/www/dom.js).
forbidden='innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser'
forbidden="$forbidden|createContextualFragment|setHTML|srcdoc|\beval\b"
forbidden="$forbidden|new Function|javascript:|\.style\b|cssText|setAttributeNS"
if grep -nE "$forbidden" src/www/*.js; then
	echo "markup, code or style out of text"
	status=1
fi
if grep -nE '<(style|script)>|[[:space:]](style|on[a-z]+)=|https?://' \
	src/www/index.html; then
	echo "index.html: something inline, or of another host"
	status=1
fi
# An address of another host has no business in a script but as words.
if grep -nE "(import|fetch|src|href)[^/]*[\"'\`]https?://" src/www/*.js; then
	echo "a request to another host"
	status=1
fi
exit $status
