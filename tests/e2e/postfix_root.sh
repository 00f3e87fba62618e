#!/bin/sh
# postfix_root.sh SUITE FOLDER [PACKAGE,...] - a Postfix of another Debian, to be
# run in a chroot: FOLDER becomes the root of a small SUITE (bullseye, trixie,
# sid), with these packages, too
#
# Made once by debootstrap, from where this host has its packages.  Exit status
# 77, and words, where it cannot be made.
set -u
suite=$1
root=$2
PATH=$PATH:/usr/sbin:/sbin
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

no()
{
	echo "no Postfix of $suite: $1"
	exit 77
}

[ ! -e "$root.whole" ] || exit 0
[ "$(id -u)" -eq 0 ] || no "only root can make a chroot"
command -v debootstrap >/dev/null || no "debootstrap is missing"
[ -r $keyring ] || no "$keyring (debian-archive-keyring) is missing"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' \
	2>/dev/null | head -n 1)
[ -n "$mirror" ] || no "apt has no archive of Debian"
mkdir -p "$root" || exit 1
# what a try before this one has left
rm -rf --one-file-system "$root"
debootstrap --variant=minbase --keyring=$keyring \
	--include="postfix,ca-certificates${3:+,$3}" "$suite" "$root" "$mirror" \
	>"$root.log" 2>&1 </dev/null ||
	no "debootstrap: $(grep '^E:' "$root.log" | tail -n 1)"
rm -rf --one-file-system "$root/var/cache/apt" "$root/var/lib/apt/lists"
: >"$root.whole"
