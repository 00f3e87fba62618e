#!/usr/bin/env python3
"""event_tee - keeps the datagrams that go to a TLS-event socket

    event_tee.py FILE SOCKET [ONWARD]

Takes them at the unix socket SOCKET, adds each as a line to FILE, and sends it on
to the socket ONWARD.  Prints "READY".
"""
import os
import socket
import sys

file, path, *onward = sys.argv[1:]
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind(path)
os.chmod(path, 0o666)
out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
print("READY", flush=True)
with open(file, "ab", buffering=0) as kept:
    while True:
        event = sock.recv(1 << 18)
        kept.write(event.replace(b"\n", b" ") + b"\n")
        if onward:
            out.sendto(event, onward[0])
