#!/usr/bin/env python3
"""policy_service - a socketmap server that says one thing, and a DNS server

    policy_service.py SOCKET [unsigned]
        "READY PORT": of the DNS, which says that all is signed, or nothing

In a test in Python: PolicyService(path, says).  `says` is what is sent for each
question, "NOTFOUND " say; None: nothing ever; bytes: as they are.
"""
import os
import socket
import sys
import threading


class PolicyService:
    def __init__(self, path, says="NOTFOUND "):
        self.says, self.asked = says, []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def talk(self, client):
        try:
            while data := client.recv(65536):
                self.asked.append(data.decode())
                if self.says is None:
                    continue
                client.sendall(self.says if isinstance(self.says, bytes) else
                               f"{len(self.says)}:{self.says},".encode())
        except OSError:
            pass

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,),
                             daemon=True).start()

    def close(self):
        if self.socket.fileno() >= 0:
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def main():
    sys.path.insert(0, os.path.dirname(__file__))
    from doctor_host import Dns
    os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
    service = PolicyService(sys.argv[1])
    dns = Dns()
    dns.signed = len(sys.argv) < 3
    print("READY", dns.port, flush=True)
    while service:
        threading.Event().wait()


if __name__ == "__main__":
    main()
