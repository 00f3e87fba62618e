# guest.sh - a Debian that is booted in a namespace of its own.  Sourced.
#
# Wants $folder (of roots.sh), $machine (a name) and $guest (a folder for what the
# guest writes); it has no network but its lo.

# guest_boot: in the background; it does not outlive us
guest_boot()
{
	mkdir -p "$guest/up" "$guest/work" "$guest/root"
	# shellcheck disable=SC2016
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 setpriv --pdeathsig TERM setsid \
		unshare --mount --propagation private sh -c '
		mount -t overlay overlay "$2/root" \
			-o "lowerdir=$1,upperdir=$2/up,workdir=$2/work" &&
			exec systemd-nspawn --quiet --register=no --keep-unit \
				--private-network --machine="$3" \
				--resolv-conf=off --timezone=off \
				--directory="$2/root" --boot' sh \
		"$folder/site/up:$folder/base" "$guest" "$machine" \
		</dev/null >>"$guest/console" 2>&1 &
	nspawn=$!
}

# guest_find: its first process, in $init
guest_find()
{
	for pid in $(pgrep -P "$nspawn") \
		$(for child in $(pgrep -P "$nspawn"); do
			pgrep -P "$child"
		done); do
		init=$(awk '/^NSpid:/ && NF > 2 && $NF == 1 { print $2 }' \
			"/proc/$pid/status" 2>/dev/null)
		[ -z "$init" ] || return 0
	done
	return 1
}

# in_guest COMMAND...: there, as root
in_guest()
{
	guest_find || return
	nsenter -t "$init" -m -u -i -n -p -C -r -w env -i HOME=/root \
		LC_ALL=C.UTF-8 TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		"$@"
}

# to_guest FILE PATH
to_guest()
{
	in_guest sh -c 'cat >"$1"' sh "$2" <"$1"
}

guest_is_up()
{
	case $(in_guest systemctl is-system-running 2>/dev/null) in
	running | degraded) ;;
	*) return 1 ;;
	esac
}

guest_is_down()
{
	! kill -0 "$nspawn" 2>/dev/null
}

# guest_reboot [COMMAND...]: which runs while it is down, and waits until it is up
# again; systemd-nspawn ends in between
guest_reboot()
{
	in_guest systemctl reboot
	wait_until guest_is_down || return
	wait "$nspawn"
	"$@"
	guest_boot
	wait_until guest_is_up
}

guest_end()
{
	[ -n "${nspawn:-}" ] || return 0
	# SIGTERM is a clean shutdown
	kill "$nspawn" 2>/dev/null
	wait_until guest_is_down || kill -9 "$nspawn"
	wait "$nspawn" 2>/dev/null
	nspawn=
}
