#!/bin/sh
# in_root.sh [--net] ROOT COMMAND... - a command in a chroot of ROOT
#
# It finds proc, sys, run and dev there, none of them this host's, and with --net
# a network of its own.  All mounts are of a namespace of its own and end with
# the command.
net=
if [ "$1" = --net ]; then
	net=--net
	shift
fi
# shellcheck disable=SC2016,SC2086
exec unshare --mount --propagation private $net sh -c '
	root=$1
	shift
	mount -t proc proc "$root/proc" &&
		mount -t sysfs sysfs "$root/sys" &&
		mount -t tmpfs tmpfs "$root/run" &&
		mount -t tmpfs tmpfs "$root/dev" || exit
	for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 \
		tty:5:0; do
		IFS=: read -r name major minor <<-END
		$device
		END
		mknod -m 666 "$root/dev/$name" c "$major" "$minor" || exit
	done
	mkdir "$root/dev/shm" "$root/dev/pts" &&
		chmod 1777 "$root/dev/shm" &&
		mount -t devpts -o newinstance,ptmxmode=666 devpts \
			"$root/dev/pts" &&
		ln -s pts/ptmx "$root/dev/ptmx" &&
		ln -s /proc/self/fd "$root/dev/fd" &&
		cp /etc/resolv.conf "$root/etc/resolv.conf" || exit
	exec chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		DEBIAN_FRONTEND=noninteractive "$@"' sh "$@"
