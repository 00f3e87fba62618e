# What Debian 12 calls the things that the scripts here need.  Sourced.

# to build and run
BUILD_PACKAGES="autoconf automake ca-certificates gcc libc6-dev make pkg-config
	libcurl4-openssl-dev libgmime-3.0-dev libgnutls28-dev libidn2-dev libinih-dev
	libjansson-dev libjs-chart.js libldns-dev liblmdb-dev
	libmicrohttpd-dev libmilter-dev libpq-dev libpsl-dev
	libsqlite3-dev libssl-dev libsystemd-dev libxxhash-dev libzip-dev zlib1g-dev"

# the receivers of the rehearsal
QUICKSTART_PACKAGES="$BUILD_PACKAGES openssl python3"

# all tests: another compiler, the lints, real mail, web and DNS servers
CHECK_PACKAGES="$BUILD_PACKAGES apache2-bin chromium clang clang-format curl
	firefox-esr haproxy iproute2 ldnsutils libcmocka-dev mandoc nginx-light
	nsd opendkim openssh-server openssl postfix postgresql procps prometheus python3 python3-jsonschema rsyslog sqlite3
	systemd systemd-journal-remote unbound xz-utils"

# what scripts/check-long wants beside them: libFuzzer, other Postfixes
LONG_PACKAGES="debootstrap libclang-rt-dev"

# what scripts/check-live boots its guests with
LIVE_PACKAGES="debootstrap openssl procps systemd-container"

# A JMAP client comes from npm.  Node.js of another origin has npm in it, and
# does not get along with Debian's.
command -v npm >/dev/null || CHECK_PACKAGES="$CHECK_PACKAGES nodejs npm"

missing_packages()
{
	for package; do
		state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" \
			2>/dev/null)
		case $state in
		ii*) ;;
		*) echo "$package" ;;
		esac
	done
}

# No daemon starts because its package is installed (invoke-rc.d(8)); a policy
# of the site's own stays.
forbid_daemons()
{
	policy=/usr/sbin/policy-rc.d
	[ ! -e $policy ] || return 0
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	policy_is_ours=yes
}

allow_daemons()
{
	[ "${policy_is_ours:-no}" = no ] || rm -f /usr/sbin/policy-rc.d
	policy_is_ours=no
}

apt_get()
{
	DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -y \
		-o Dpkg::Use-Pty=0 "$@"
}

# install_packages LOG PACKAGE...: what is missing of them
install_packages()
{
	log=$1
	shift
	missing=$(missing_packages "$@" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "These packages are missing, and only root can install them:"
		echo "    apt-get install $missing"
		return 1
	fi
	echo "Installing $(echo "$missing" | wc -w) packages: $missing"
	forbid_daemons
	# shellcheck disable=SC2086
	{ apt_get update && apt_get install --no-install-recommends $missing; } \
		>"$log" 2>&1
	status=$?
	allow_daemons
	return $status
}
