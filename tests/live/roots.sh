#!/bin/sh
# roots.sh SUITE FOLDER - the package of this tree for a Debian, and a root of
# it with a stock Postfix that systemd can be booted in
#
# In FOLDER are then
#
#   base        the root, as debootstrap brings it; kept for the next time
#   site/up     over it what the package depends on; kept, too
#   before.deb  the package of this tree
#   after.deb   the same with a higher version
#   programs    of the tests, compiled for this Debian
#
# Exit status 77, and words, where they cannot be made.
set -u
suite=$1
folder=$2
live=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$live/../.." && pwd)

# Beside Postfix: an init with its helpers, and what the guest's world runs on.
PACKAGES=systemd,systemd-sysv,dbus,udev,kmod,iproute2,procps,unbound,openssl
PACKAGES=$PACKAGES,python3

apt_get="apt-get -q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io"

# chroot_of LOWER FOLDER SCRIPT: no daemon starts because its package is installed
chroot_of()
{
	lower=$1
	upper=$2
	shift 2
	"$live/in_overlay.sh" "$lower" "$upper" sh -ec "
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
		chmod 755 /usr/sbin/policy-rc.d
		$*
		rm /usr/sbin/policy-rc.d"
}

# The tree as it was committed; a release has no history.
copy_tree()
{
	mkdir -p "$1"
	if [ -e "$top/.git" ]; then
		(cd "$top" && git archive HEAD) | tar -x -C "$1"
	else
		(cd "$top" && tar -c --exclude=./build .) | tar -x -C "$1"
	fi
}

# What the package needs to be built is installed once.
build()
{
	tree=$folder/build/up/root/tlstally
	rm -rf --one-file-system "$tree"
	copy_tree "$tree" || return
	[ -e "$folder/build/whole" ] || {
		chroot_of "$folder/base" "$folder/build" "$apt_get update
			$apt_get install --no-install-recommends ccache
			$apt_get build-dep --no-install-recommends \
				/root/tlstally" || return
		: >"$folder/build/whole"
	}
	# 0.1.0-1 and 0.1.0-1+live differ in nothing else
	chroot_of "$folder/base" "$folder/build" '
		cd /root/tlstally
		# debhelper has another home each time
		export CCACHE_DIR=/root/ccache
		PATH=/usr/lib/ccache:$PATH
		export DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=2"
		dpkg-buildpackage -b -us -uc
		make tests/e2e/send_load tests/e2e/store_totals \
			tests/fake/set_clock.so
		cd /root
		rm -rf before.deb after.deb next
		mv tlstally_*.deb before.deb
		dpkg-deb -R before.deb next
		sed -i "s/^Version: .*/&+live/" next/DEBIAN/control
		dpkg-deb -Znone --root-owner-group -b next after.deb' || return
	mkdir -p "$folder/programs"
	cp "$folder/build/up/root/before.deb" "$folder/build/up/root/after.deb" \
		"$folder" &&
		cp "$tree/tests/e2e/send_load" "$tree/tests/e2e/store_totals" \
			"$tree/tests/fake/set_clock.so" "$folder/programs"
}

# The guest has no network, so what the package depends on is there before.
site()
{
	depends=$(dpkg-deb -f "$folder/before.deb" Depends | tr ',' '\n' |
		sed 's/[(|].*//' | tr -d '\n')
	[ "$depends" != "$(cat "$folder/site/depends" 2>/dev/null)" ] || return 0
	rm -rf --one-file-system "$folder/site"
	chroot_of "$folder/base" "$folder/site" "$apt_get update
		$apt_get install --no-install-recommends $depends" || return
	echo "$depends" >"$folder/site/depends"
}

mkdir -p "$folder" || exit 1
"$top/tests/e2e/postfix_root.sh" "$suite" "$folder/base" "$PACKAGES" || exit
"$live/in_overlay.sh" "$folder/base" "$folder/try" true || {
	echo "no overlay can be mounted over $folder/base"
	exit 77
}
build && site
