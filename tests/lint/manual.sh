#!/bin/sh
# manual.sh - tlstally.conf(5) has the settings of the table, all of them and
# no other, in its order; and mandoc finds nothing amiss with any manual
#
# Runs in the build folder, where the manual was made.
srcdir=${srcdir:-.}
status=0

[ -x src/conf/confgen ] && [ -f doc/tlstally.conf.5 ] || {
	echo "not built here: run make first, or run this in the build folder"
	exit 77
}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tlstally-lint.XXXXXX") || exit 1
trap 'rm -rf --one-file-system "$tmp"' EXIT

src/conf/confgen names >"$tmp/table"
sed -n -e 's/^\.Ss The section \[\(.*\)\]$/section \1/p' \
	-e 's/^\.It Cm \(.*\)$/setting \1/p' doc/tlstally.conf.5 |
	awk '$1 == "section" { section = $2 }
	     $1 == "setting" { print section, $2 }' >"$tmp/manual"
diff -u "$tmp/table" "$tmp/manual" || {
	echo "tlstally.conf(5) is not the table of settings"
	status=1
}

command -v mandoc >/dev/null || {
	echo "mandoc is missing: apt-get install mandoc"
	[ $status -eq 0 ] && exit 77
	exit $status
}
for page in doc/*.[1-8]; do
	mandoc -Tlint -Wwarning "$page" || status=1
done
exit $status
