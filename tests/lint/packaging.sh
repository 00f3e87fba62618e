#!/bin/sh
# packaging.sh - the packages have what `make install` installs, and say the same
# of versions, units and what is needed to build
#
# Runs in the build folder, after make.
srcdir=${srcdir:-.}
status=0

[ -f Makefile ] && [ -x src/programs/tlstally ] || {
	echo "not built here: run make first, or run this in the build folder"
	exit 77
}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tlstally-lint.XXXXXX") || exit 1
trap 'rm -rf --one-file-system "$tmp"' EXIT
spec=$srcdir/packaging/tlstally.spec
image=$srcdir/packaging/Containerfile

# same WHAT FILE FILE: both have the same lines
same()
{
	diff -u "$2" "$3" && return
	echo "^ $1"
	status=1
}

# Versions: changelog's without what is Debian's own
sed -n 's/^AC_INIT(\[tlstally\], \[\(.*\)\])$/\1/p' "$srcdir/configure.ac" \
	>"$tmp/version"
sed -n '1s/^tlstally (\(.*\)-[^-]*) .*/\1/p' "$srcdir/debian/changelog" |
	diff -u "$tmp/version" - || {
	echo "^ debian/changelog is of another version than configure.ac"
	status=1
}
sed -n 's/^Version: *//p' "$spec" | diff -u "$tmp/version" - || {
	echo "^ tlstally.spec is of another version than configure.ac"
	status=1
}

# Libraries: configure's names for them are Debian's
grep -o 'lib[a-z0-9.+-]*-dev' "$srcdir/scripts/packages.sh" |
	grep -v -e libcmocka -e libc6 -e libclang | sort -u >"$tmp/libraries"
sed '/^Package:/,$d' "$srcdir/debian/control" |
	grep -o 'lib[a-z0-9.+-]*-dev' | grep -v libcmocka | sort -u >"$tmp/control"
grep -o 'lib[a-z0-9.+-]*-dev' "$image" | grep -v libc6 | sort -u >"$tmp/image"
same "debian/control has other Build-Depends than scripts/packages.sh" \
	"$tmp/libraries" "$tmp/control"
same "Containerfile has other libraries than scripts/packages.sh" \
	"$tmp/libraries" "$tmp/image"

# Files: each that is installed is in %files, and each of these is installed;
# a preset is for RPM only
make -s install DESTDIR="$tmp/root" prefix=/usr sysconfdir=/etc \
	systemdsystemunitdir=/usr/lib/systemd/system >"$tmp/install.log" 2>&1 || {
	cat "$tmp/install.log"
	exit 1
}
(cd "$tmp/root" && find . -type f | sed 's/^\.//' | LC_ALL=C sort) >"$tmp/installed"
sed -n '/^%files/,/^%changelog/s/^\(%config(noreplace) \)*\(%{_.*\)/\2/p' "$spec" |
	sed -e 's|%{_bindir}|/usr/bin|; s|%{_sbindir}|/usr/sbin|' \
		-e 's|%{_sysconfdir}|/etc|; s|%{_datadir}|/usr/share|' \
		-e 's|%{_docdir}|/usr/share/doc|; s|%{_mandir}|/usr/share/man|' \
		-e 's|%{_prefix}|/usr|; s|%{_unitdir}|/usr/lib/systemd/system|' \
		-e 's|\*$||' | grep -v -x \
			-e /etc/tlstally -e '%{_presetdir}/.*' >"$tmp/files"
awk 'NR == FNR { wanted[$0] = 0; next }
	{
		found = 0
		for (name in wanted)
			if ($0 == name || index($0, name "/") == 1) {
				wanted[name]++
				found = 1
			}
		if (!found)
			print "not in %files: " $0
	}
	END {
		for (name in wanted)
			if (wanted[name] == 0)
				print "in %files, but not installed: " name
	}' "$tmp/files" "$tmp/installed" >"$tmp/differ"
[ ! -s "$tmp/differ" ] || {
	cat "$tmp/differ"
	status=1
}

# Units: maintainer scripts know each of them
sed -n 's|^/usr/lib/systemd/system/||p' "$tmp/installed" >"$tmp/units"
sed -n '/^override_dh_installsystemd/,$p' "$srcdir/debian/rules" |
	grep -o 'tlstally[a-z-]*\.[a-z]*' | LC_ALL=C sort >"$tmp/rules"
same "debian/rules has other units than make install" "$tmp/units" "$tmp/rules"
for part in preun postun; do
	sed -n "/^%$part/,/^%files/p" "$spec" | sed '1n; /^%\(postun\|files\)$/,$d' |
		grep -o 'tlstally[a-z-]*\.\(service\|socket\|timer\)' |
		LC_ALL=C sort >"$tmp/$part"
	same "%$part of tlstally.spec has other units" "$tmp/units" "$tmp/$part"
done

# Directories come from configure
grep -n -e /var/lib/tlstally -e /var/spool/postfix "$srcdir"/conf/*.in \
	"$srcdir"/conf/*/*.in "$srcdir"/doc/*.in && {
	echo "^ write @localstatedir@, @queue_directory@ or @tlsrpt_socket@"
	status=1
}

for script in "$srcdir"/debian/postrm "$srcdir"/debian/prerm \
	"$srcdir"/debian/tests/report; do
	sh -n "$script" || status=1
done

# What git has of them is in the release
if [ -e "$srcdir/.git" ] && command -v git >/dev/null; then
	git -C "$srcdir" ls-files debian packaging |
		grep -v Makefile.inc | LC_ALL=C sort >"$tmp/git"
	sed -n 's/^	\(debian\|packaging\)\/\([^ ]*\).*/\1\/\2/p' \
		"$srcdir/debian/Makefile.inc" | LC_ALL=C sort >"$tmp/dist"
	same "debian/Makefile.inc has other files than git" "$tmp/git" "$tmp/dist"
fi
exit $status
