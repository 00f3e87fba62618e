"""mail_servers - what the tests in which a real Postfix sends share: a CA, a
signed DNS of nsd and unbound, and what reports say.  Nothing here shares code
with tlstally.
"""
import base64
import email
import gzip
import hashlib
import json
import pathlib
import shutil
import subprocess
import time

DANE, STS, NONE = "tlsa", "sts", "no-policy-found"


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True,
                          **more).stdout


class Certificates:
    """A CA and what it signs; one key for all."""

    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.key = path / "key"
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
            "-out", self.key)
        self.ca = self.self_signed("ca", "Test CA")

    def self_signed(self, name, subject):
        out = self.path / (name + ".pem")
        key = self.path / (name + ".key")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", out,
            "-days", "2", "-subj", "/CN=" + subject)
        return out

    def signed(self, name, days, *hosts):
        """for these hosts, or the one of that name; -1 days: it has expired"""
        out = self.path / (name + ".pem")
        shutil.copy(self.key, self.path / (name + ".key"))
        run("sh", "-c", '. "$1" && shift && ca_issue "$@"', "sh",
            pathlib.Path(__file__).with_name("certificates.sh"), self.path,
            name, str(days), "/CN=" + name,
            ",".join("DNS:" + host for host in hosts or [name]))
        out.write_text((self.path / (name + ".crt")).read_text() +
                       self.ca.read_text())
        return out

    def server(self, kind, host):
        """key and chain, as smtp_sink wants them"""
        if kind == "selfsigned":
            cert = self.self_signed(host, host)
            return cert.with_suffix(".key"), cert
        if kind == "wrong":
            host = "wrong." + host
        return self.key, self.signed(host, -1 if kind == "expired" else 2)

    def hashes(self):
        """3 1 1 of our key, 2 0 1 of the CA"""
        spki = run("openssl", "pkey", "-in", self.key, "-pubout")
        der = base64.b64decode("".join(
            run("openssl", "x509", "-in", self.ca).splitlines()[1:-1]))
        key = base64.b64decode("".join(spki.splitlines()[1:-1]))
        return {"right": "3 1 1 " + hashlib.sha256(key).hexdigest(),
                "ca": "2 0 1 " + hashlib.sha256(der).hexdigest(),
                "mismatch": "3 1 1 " + "ab" * 32}


class Zones:
    """Those that are signed keep their key when they are signed again."""

    def __init__(self, path, ttl=300, negative_ttl=60):
        self.path = path
        path.mkdir(exist_ok=True)
        self.ttl, self.negative_ttl = ttl, negative_ttl
        self.files = {}

    def write(self, zone, lines):
        file = self.path / (zone + "zone")
        file.write_text(
            f"$TTL {self.ttl}\n"
            f"{zone} SOA ns.test. hostmaster.test. {int(time.time())} 3600 "
            f"600 86400 {self.negative_ttl}\n"
            f"{zone} NS ns.test.\n" + "".join(line + "\n" for line in lines))
        self.files[zone] = file

    def sign(self, zone):
        """DS record and key, as text"""
        keys = [file.stem for file in self.path.glob(f"K{zone}+*.private")]
        key = keys[0] if keys else run(
            "ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone,
            cwd=self.path).strip()
        run("ldns-signzone", self.files[zone].name, key, cwd=self.path)
        self.files[zone] = self.path / (self.files[zone].name + ".signed")
        return ((self.path / (key + ".ds")).read_text(),
                (self.path / (key + ".key")).read_text())

    def nsd(self, address="127.0.0.54", name="nsd", serves=True):
        """serves: else it refuses all questions"""
        text = f"""server:
	ip-address: {address}
	username: ""
	chroot: ""
	zonesdir: {self.path}
	database: ""
	pidfile: {self.path}/{name}.pid
	xfrdfile: {self.path}/{name}.state
	zonelistfile: {self.path}/{name}.list
	xfrdir: {self.path}
	server-count: 1
	hide-version: yes
remote-control:
	control-enable: no
"""
        for zone, file in self.files.items() if serves else ():
            text += f"zone:\n\tname: {zone}\n\tzonefile: {file}\n"
        (self.path / f"{name}.conf").write_text(text)

    def unbound(self, anchor, address="127.0.0.53", name="unbound",
                tops=("test.",)):
        (self.path / "anchor").write_text(anchor)
        (self.path / f"{name}.conf").write_text(f"""server:
	interface: {address}
	access-control: 127.0.0.0/8 allow
	num-threads: 1
	username: ""
	chroot: ""
	directory: {self.path}
	pidfile: {self.path}/{name}.pid
	use-syslog: no
	do-ip6: no
	do-daemonize: no
	do-not-query-localhost: no
	module-config: "validator iterator"
	trust-anchor-file: {self.path}/anchor
	local-zone: "test." nodefault
remote-control:
	control-enable: no
""" + "".join(f"""stub-zone:
	name: "{top}"
	stub-addr: 127.0.0.54
""" for top in tops))


class Table:
    """Compares and counts."""
    failed = 0

    def same(self, what, want, got):
        if want == got:
            print("ok:", what)
        else:
            self.failed += 1
            print(f"FAIL: {what}: wanted {want}, got {got}")


def report_of(path):
    """The report, and how it came."""
    way = "https" if path.endswith(".body") else "directory"
    data = pathlib.Path(path).read_bytes()
    if not data.startswith(b"\x1f\x8b"):
        way = "mail"
        data = email.message_from_bytes(data).get_payload()[1] \
            .get_payload(decode=True)
    return json.loads(gzip.decompress(data)), way


def summary(policy):
    """What the table says of a policy, got from a report's."""
    sums = policy["summary"]
    details = [(d["result-type"], d["failed-session-count"],
                d.get("failure-reason-code", ""))
               for d in policy.get("failure-details", [])]
    return (policy["policy"]["policy-type"],
            sums["total-successful-session-count"],
            sums["total-failure-session-count"], details)
