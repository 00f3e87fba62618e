# certificates.sh - a certificate authority of our own.  Sourced.
#
#     ca_make DIRECTORY                     ca.pem, ca.key in it
#     ca_issue DIRECTORY NAME DAYS SUBJECT [SUBJECT-ALT-NAME]
#                                           NAME.pem: certificate and key
#     ca_self_signed DIRECTORY NAME SUBJECT-ALT-NAME
#
#     tls_any_version FILE                  for OPENSSL_CONF: old TLS, too
#
# DAYS of -1 makes one that has expired.

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

ca_issue()
{
	ca_key "$1/$2.key" || return
	openssl req -new -key "$1/$2.key" -subj "$4" -out "$1/$2.csr" || return
	if [ -n "${5:-}" ]; then
		echo "subjectAltName=$5" >"$1/$2.ext"
	else
		: >"$1/$2.ext"
	fi
	openssl x509 -req -in "$1/$2.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" \
		-set_serial "$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')" \
		-days "$3" -extfile "$1/$2.ext" -out "$1/$2.crt" 2>/dev/null ||
		return
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
