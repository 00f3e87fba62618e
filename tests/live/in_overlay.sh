#!/bin/sh
# in_overlay.sh LOWER FOLDER COMMAND... - a command as in_root.sh runs it, in a
# root like LOWER, whose changes are kept in FOLDER/up (LOWER may be several, as
# overlayfs has them)
live=$(cd "$(dirname "$0")" && pwd)
lower=$1
folder=$2
shift 2
mkdir -p "$folder/up" "$folder/work" "$folder/root" || exit 1
# shellcheck disable=SC2016
exec unshare --mount --propagation private sh -c '
	lower=$1 folder=$2 in_root=$3
	shift 3
	mount -t overlay overlay "$folder/root" \
		-o "lowerdir=$lower,upperdir=$folder/up,workdir=$folder/work" &&
		exec "$in_root" "$folder/root" "$@"' \
	sh "$lower" "$folder" "$live/in_root.sh" "$@"
