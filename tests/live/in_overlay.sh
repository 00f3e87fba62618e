#!/bin/sh
# in_overlay.sh LOWER FOLDER COMMAND... - a command in a chroot of LOWER, whose
# changes are kept in FOLDER/up (LOWER may be several, as overlayfs has them)
#
# All mounts are of a namespace of its own and end with the command.
lower=$1
folder=$2
shift 2
mkdir -p "$folder/up" "$folder/work" "$folder/root" || exit 1
# shellcheck disable=SC2016
exec unshare --mount --propagation private sh -c '
	lower=$1 folder=$2 root=$2/root
	shift 2
	mount -t overlay overlay "$root" \
		-o "lowerdir=$lower,upperdir=$folder/up,workdir=$folder/work" &&
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
	mkdir "$root/dev/shm" && ln -s /proc/self/fd "$root/dev/fd" &&
		cp /etc/resolv.conf "$root/etc/resolv.conf" || exit
	exec chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		DEBIAN_FRONTEND=noninteractive "$@"' sh "$lower" "$folder" "$@"
