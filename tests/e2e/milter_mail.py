#!/usr/bin/env python3
"""milter_mail - the mail of milter.sh, and what must be counted of it

    milter_mail.py inbound DIR          sends what MAILS says, and some that
                                        never becomes a message
    milter_mail.py plain DIR SENDER N [uncounted]
                                        N messages in clear text to anna
    milter_mail.py many DIR DOMAIN N    N to anna, each from another subdomain
    milter_mail.py filtered DIR         over TLS 1.3, through a before-queue
                                        filter
    milter_mail.py outgoing DIR DOMAIN [HEADER]
                                        from loopback to another site
    milter_mail.py counts DIR DOMAIN SENDER CLIENT
                                        a message that somebody else sends
    milter_mail.py halves DIR SENDER    a message whose second half waits for a
                                        line on standard input
    milter_mail.py notice DIR KIND TO [ADDRESS]
                                        from outside: a bounce of ADDRESS that
                                        failed or is delayed, or of others, or a
                                        vacation
    milter_mail.py forged DIR SENDER    looks like a report of ours, and comes
                                        from outside
    milter_mail.py arrived DIR          exit 0: all that was sent is in its
                                        mailboxes, byte for byte
    milter_mail.py inbound-is DIR FILE  the rows of milter_totals, against what
                                        was sent
    milter_mail.py shown-is DIR FILE    `tlstally inbound DOMAIN --json`, too

DIR/truth has a line for each message, recipient domain and outcome; DIR/sent
the messages.  Nothing here shares code with tlstally.
"""
import collections
import contextlib
import dataclasses
import json
import pathlib
import smtplib
import ssl
import subprocess
import sys
import time
import warnings

SITE = "192.0.3.1"
RELAY = "192.0.3.2"    # another server, with another address of this host
FILTERED = 2525        # the port behind which the filter is
OUTSIDE = "192.0.3.5"
TRUSTED = "192.0.3.99"  # may say XCLIENT
BOXES = {"anna": "anna", "bert": "bert", "carl": "carl",
         "tls-reports": "reports"}
ANNA, BERT, CARL = "anna@site.test", "bert@site.test", "carl@other.test"


@dataclasses.dataclass
class Mail:
    """A session.  tls: the only version that the client speaks."""
    sender: str
    to: tuple
    tls: str = ""
    certificate: str = "none"  # known stranger
    source: str = OUTSIDE
    login: str = ""
    way: str = "smtp"  # sendmail
    count: int = 1     # messages of the session
    port: int = 25

    @property
    def client(self):
        if self.login:
            return "authenticated"
        if self.port == FILTERED:
            return "filter"
        return "local" if self.way == "sendmail" or \
            self.source.startswith("127.") or \
            self.source in (SITE, RELAY) else "mx"


MAILS = [
    Mail("a@thirteen.test", (ANNA,), "TLSv1.3", count=2),
    Mail("b@Thirteen.TEST", (ANNA, BERT), "TLSv1.3"),
    Mail("a@thirteen.test", (ANNA, BERT, CARL), "TLSv1.2"),
    Mail("a@clear.test", (CARL,), count=3),
    Mail("a@clear.test", (ANNA,), "TLSv1.3"),
    Mail("", (ANNA,), "TLSv1.2"),
    Mail("", (CARL,)),
    Mail("a@eleven.test", (ANNA,), "TLSv1.1"),
    Mail("a@ten.test", (ANNA,), "TLSv1"),
    Mail("a@known.test", (ANNA,), "TLSv1.3", "known"),
    Mail("a@known.test", (ANNA,), "TLSv1.2", "known"),
    Mail("a@stranger.test", (ANNA,), "TLSv1.3", "stranger"),
    Mail("alice@site.test", (BERT,), "TLSv1.3", login="alice",
         source=TRUSTED),
    Mail("root@site.test", (ANNA,), source="127.0.0.1"),
    Mail("root@site.test", (BERT,), "TLSv1.3", source="127.0.0.1"),
    Mail("web@site.test", (ANNA,), source=SITE),
    Mail("web@site.test", (BERT,), "TLSv1.3", source=RELAY),
    Mail("cron@site.test", (CARL,), way="sendmail"),
]
# of a certificate that it does not trust Postfix tells a milter nothing
CERTIFICATES = {"none": "none", "known": "verified", "stranger": "none"}
VERSIONS = {"": "clear", "TLSv1": "TLSv1.0"}


class World:
    def __init__(self, top):
        self.top = pathlib.Path(top)
        self.sent = self.top / "sent"
        self.sent.mkdir(exist_ok=True)

    def context(self, version, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            which = ssl.TLSVersion[version.replace(".", "_")]
            # the highest first: from above the lowest it cannot come down
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = which
            context.minimum_version = which
        if certificate != "none":
            context.load_cert_chain(self.top / f"certs/{certificate}.pem")
        return context

    @contextlib.contextmanager
    def session(self, mail):
        with smtplib.SMTP(SITE if mail.source != "127.0.0.1" else
                          "127.0.0.1", mail.port, "client.test", timeout=30,
                          source_address=(mail.source, 0)) as smtp:
            smtp.ehlo()
            if mail.tls:
                smtp.starttls(context=self.context(mail.tls,
                                                   mail.certificate))
                smtp.ehlo()
            if mail.login:
                must(smtp.docmd("XCLIENT", "LOGIN=" + mail.login), 220)
                smtp.ehlo()
            yield smtp

    def message(self, mail, lines=()):
        """Something that is like no other."""
        number = len(list(self.sent.iterdir())) // 2 + 1
        lines = lines or ["", "Dear all,", "", f"this is number {number}.",
                          ".", "", "\tYours"]
        text = "\n".join([
            f"From: <{mail.sender or 'mailer-daemon@far.test'}>",
            "To: " + ", ".join(mail.to), "Subject: number " + str(number),
            "Date: Wed, 25 Nov 2026 06:00:00 +0000",
            f"Message-Id: <{number}.{time.time_ns()}@client.test>",
            "X-Odd:  two blanks,\tand a", "   second line",
            *lines, ""]).encode()
        (self.sent / f"{number}.eml").write_bytes(text)
        (self.sent / f"{number}.to").write_text(" ".join(mail.to))
        return text

    def counted(self, mail, cipher=None):
        """Postfix has taken it; so many rows must have one more."""
        seen = mail.tls if mail.client != "filter" else ""
        name, bits = (cipher[0], cipher[2]) if cipher and seen else ("", 0)
        with open(self.top / "truth", "a", encoding="utf-8") as truth:
            for domain in {to.split("@")[1].lower() for to in mail.to}:
                print(json.dumps([
                    domain, mail.sender.rpartition("@")[2].lower(),
                    mail.client, VERSIONS.get(seen, seen),
                    CERTIFICATES[mail.certificate], name, bits]), file=truth)

    def send(self, mail, lines=(), counted=True):
        if mail.way == "sendmail":
            subprocess.run(["/usr/sbin/sendmail", "-i", "-f", mail.sender,
                            "--", *mail.to], check=True,
                           input=self.message(mail, lines))
            return  # cleanup(8) does not say whose domain it is
        with self.session(mail) as smtp:
            for _ in range(mail.count):
                smtp.sendmail(mail.sender, mail.to,
                              self.message(mail, lines).replace(
                                  b"\n", b"\r\n"))
                if counted:
                    self.counted(mail, mail.tls and smtp.sock.cipher())


def must(answer, code):
    if answer[0] != code:
        sys.exit(f"FAIL: wanted {code}, got {answer}")


def quirks(world):
    """Sessions of which no message comes, and none may be counted."""
    nobody = Mail("a@quirks.test", ("nobody-here@site.test",))
    with world.session(nobody) as smtp:
        must(smtp.mail(nobody.sender), 250)
        must(smtp.rcpt(nobody.to[0]), 550)
    with world.session(nobody) as smtp:
        for _ in range(3):
            must(smtp.mail(nobody.sender), 250)
            must(smtp.rcpt(ANNA), 250)
            smtp.rset()
    with contextlib.suppress(smtplib.SMTPServerDisconnected):
        with world.session(nobody) as smtp:
            smtp.mail(nobody.sender)
            smtp.rcpt(ANNA)
            must(smtp.docmd("DATA"), 354)
            smtp.send(b"Subject: half\r\n\r\nwhoever")
            smtp.close()  # hangs up
    with world.session(nobody) as smtp:
        must(smtp.docmd("FOO"), 500)
        must(smtp.rcpt(ANNA), 503)


def halves(world, sender):
    mail = Mail(sender, (ANNA,))
    with world.session(mail) as smtp:
        must(smtp.mail(mail.sender), 250)
        must(smtp.rcpt(ANNA), 250)
        print("HALF", flush=True)
        sys.stdin.readline()
        must(smtp.data(world.message(mail).replace(b"\n", b"\r\n")), 250)
    print("WHOLE", flush=True)


DSN = """\
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="xx"

--xx
Content-Type: text/plain

Something went wrong.

--xx
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.far.test

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--xx--
"""
# an expanded list's, with nothing about the one who was written to
OTHERS = DSN.replace("\n--xx--\n", """
Final-Recipient: rfc822; other@far.test
Action: failed
Status: 5.1.1

--xx--
""")
VACATION = """\
Auto-Submitted: auto-replied (vacation)
Precedence: bulk

I am on vacation. 550 5.1.1 <{address}>: User unknown
Status: 5.1.1
Action: failed
"""
NOTICES = {
    "failed": (DSN, {"action": "failed", "status": "5.1.1",
                     "diagnostic": "550 5.1.1 no such user"}),
    "others": (OTHERS, {"action": "failed", "status": "5.1.1",
                        "diagnostic": "550 5.1.1 no such user"}),
    "delayed": (DSN, {"action": "delayed", "status": "4.2.2",
                      "diagnostic": "450 4.2.2 mailbox full"}),
    "vacation": (VACATION, {}),
}


def notice(world, kind, to, address=""):
    text, words = NOTICES[kind]
    text = text.format(address=address, **words)
    world.send(Mail("", (to,)), text.splitlines())


def forged(world, sender):
    world.send(Mail(sender, (ANNA,)),
               ["TLS-Report-Domain: far.test",
                "TLS-Report-Submitter: " + sender.split("@")[1],
                "TLS-Required: No", "", "nothing in it"])


def many(world, domain, n):
    mail = Mail("", (ANNA,))
    with world.session(mail) as smtp:
        for i in range(int(n)):
            one = dataclasses.replace(mail, sender=f"a@n{i}.{domain}")
            smtp.sendmail(one.sender, one.to,
                          world.message(one).replace(b"\n", b"\r\n"))
            world.counted(one)


def outgoing(_, domain, *headers):
    text = [f"Message-ID: <out@{domain}>", *headers, "", ""]
    with smtplib.SMTP("127.0.0.1", 25, "client.test") as smtp:
        smtp.sendmail("root@site.test", "u@" + domain, "\r\n".join(text))


def counts(world, domain, sender, client):
    world.counted(Mail(sender, ("x@" + domain,),
                       source="127.0.0.1" if client == "local" else OUTSIDE))


def filtered(world):
    world.send(Mail("a@filtered.test", (ANNA, CARL), "TLSv1.3",
                    port=FILTERED, count=2))
    world.send(Mail("a@past.test", (ANNA,), "TLSv1.3"))


def rows(lines):
    for line in lines:
        what, *words = line.split()
        if what != "inbound":
            continue
        domain, sender, client, tls, certificate, cipher, bits, n = words
        yield (domain, sender if sender != "-" else "", client, tls,
               certificate, cipher if cipher != "-" else "", int(bits)), int(n)


def truth_of(world):
    with open(world.top / "truth", encoding="utf-8") as truth:
        return collections.Counter(tuple(json.loads(line)) for line in truth)


def difference(want, got):
    for row in sorted((want - got) + (got - want)):
        print(row, "wanted", want[row], "got", got[row])
    return 0 if want == got else 1


def inbound_is(world, file):
    """What hung in the middle of a message may be counted or not."""
    got = collections.Counter()
    with open(file, encoding="utf-8") as lines:
        for row, messages in rows(lines):
            if row[1] != "halves.test":
                got[row] += messages
    return difference(truth_of(world), got)


KINDS = {"clear": "clear", "TLSv1.0": "oldTls", "TLSv1.1": "oldTls",
         "TLSv1.2": "tls12", "TLSv1.3": "tls13"}
NUMBERS = ("clear", "oldTls", "tls12", "tls13", "otherTls")


def shown_is(world, file):
    shown = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
    want, got = collections.Counter(), collections.Counter()
    for row, n in truth_of(world).items():
        domain, sender, client, tls, certificate, cipher, bits = row
        if domain != shown["domain"]:
            continue
        want["way", client, tls, cipher, bits, certificate] += n
        if client == "mx":
            want["sender", sender or "<>", KINDS[tls]] += n
            want["sender", sender or "<>", "messages"] += n
            want["sender", sender or "<>", "weak"] += \
                n * (KINDS[tls] in ("clear", "oldTls"))
    for way in shown["ways"]:
        got["way", way["client"], way["tls"], way.get("cipher", ""),
            way.get("bits", 0), way["certificate"]] += way["messages"]
    for sender in shown["senders"]:
        for kind in NUMBERS + ("messages", "weak"):
            got["sender", sender["sender"], kind] += sender[kind]
    # the worst first
    weak = [s["weak"] for s in shown["senders"]]
    return difference(+want, +got) or weak != sorted(weak, reverse=True)


def arrived(world):
    boxes = collections.defaultdict(list)
    for box in BOXES.values():
        for file in (world.top / "mail" / box / "new").glob("*"):
            boxes[box].append(file.read_bytes())
    for to in world.sent.glob("*.to"):
        text = to.with_suffix(".eml").read_bytes()
        for address in to.read_text().split():
            box = BOXES[address.lower().split("@")[0].split("+")[0]]
            if sum(mail.endswith(b"\n" + text) for mail in boxes[box]) != 1:
                print(f"{to.stem} for {address} is not there as it was sent")
                return 1
    return 0


def main(what, top, *words):
    world = World(top)
    if what == "inbound":
        for mail in MAILS:
            world.send(mail)
        quirks(world)
    elif what == "plain":
        world.send(Mail(words[0], (ANNA,), count=int(words[1])),
                   counted=words[2:] != ("uncounted",))
    else:
        return {"many": many, "outgoing": outgoing, "counts": counts,
                "filtered": filtered,
                "halves": halves, "notice": notice, "forged": forged,
                "inbound-is": inbound_is, "shown-is": shown_is,
                "arrived": arrived}[what](world, *words)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
