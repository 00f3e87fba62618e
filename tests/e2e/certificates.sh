# certificates.sh - a certificate authority of our own.  Sourced.
#
#     ca_make DIRECTORY                     ca.pem, ca.key in it
#     ca_issue DIRECTORY NAME DAYS SUBJECT [SUBJECT-ALT-NAME]
#                                           NAME.pem: certificate and key
#     ca_self_signed DIRECTORY NAME SUBJECT-ALT-NAME
#
#     tls_any_version FILE                  for OPENSSL_CONF: old TLS, too
#
# DAYS of -1 makes one that has expired.  A NAME.key that is there is used.

ca_key()
{
	openssl ecparam -name prime256v1 -genkey -noout -out "$1" 2>/dev/null
}

ca_make()
{
	ca_key "$1/ca.key" &&
		openssl req -x509 -key "$1/ca.key" -out "$1/ca.pem" \
			-subj "/CN=An authority of tests" -days 2 2>/dev/null
}

# Of openssl's commands only ca(1) dates back in all versions.
ca_settings()
{
	cat <<-END
	[ca]
	default_ca = ours
	[ours]
	database = $1.index
	rand_serial = yes
	new_certs_dir = $2
	default_md = sha256
	policy = any
	[any]
	commonName = supplied
	[alt]
	$3
	END
}

ca_issue()
{
	[ -s "$1/$2.key" ] || ca_key "$1/$2.key" || return
	openssl req -new -key "$1/$2.key" -subj "$4" -out "$1/$2.csr" || return
	ca_settings "$1/$2" "$1" "${5:+subjectAltName=$5}" >"$1/$2.cnf"
	: >"$1/$2.index"
	openssl ca -batch -notext -config "$1/$2.cnf" -extensions alt \
		-cert "$1/ca.pem" -keyfile "$1/ca.key" -in "$1/$2.csr" \
		-startdate "$(date -u -d "-2 days" +%Y%m%d%H%M%SZ)" \
		-enddate "$(date -u -d "$3 days" +%Y%m%d%H%M%SZ)" \
		-out "$1/$2.crt" 2>"$1/$2.log" ||
		{ cat "$1/$2.log"; return 1; }
	cat "$1/$2.crt" "$1/$2.key" >"$1/$2.pem"
}

ca_self_signed()
{
	ca_key "$1/$2.key" &&
		openssl req -x509 -key "$1/$2.key" -subj "/CN=self" -days 2 \
			-addext "subjectAltName=$3" -out "$1/$2.crt" &&
		cat "$1/$2.crt" "$1/$2.key" >"$1/$2.pem"
}

tls_any_version()
{
	cat >"$1" <<-'END'
		openssl_conf = all
		[all]
		ssl_conf = kinds
		[kinds]
		system_default = any
		[any]
		MinProtocol = TLSv1.1
		CipherString = ALL:@SECLEVEL=0
	END
}
