#!/usr/bin/env python3
"""mail - gives mails to Postfix on this host, and notes what it took

    mail.py NAME COUNT DOMAIN...

COUNT mails to each DOMAIN (0: until Postfix is gone), each to an address of its
own that begins with NAME.  Each address that was taken is a line of /opt/live/taken.
"""
import itertools
import smtplib
import sys
import time


def main():
    name, count, domains = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    with open("/opt/live/taken", "a", encoding="ascii") as taken, \
            smtplib.SMTP("127.0.0.1", 25, timeout=30) as server:
        for i in range(1, count + 1) if count else itertools.count(1):
            for domain in domains:
                to = f"{name}{i}{domain.split('.')[0]}@{domain}"
                server.sendmail("u@sender.test", to,
                                "Subject: hello\n\nhello\n")
                print(to, file=taken, flush=True)
            if not count:
                time.sleep(0.05)


try:
    main()
except (OSError, smtplib.SMTPException) as error:
    sys.exit(f"mail.py: {error}")
