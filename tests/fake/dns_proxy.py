#!/usr/bin/python3
"""dns_proxy - stands between a resolver and who asks it, and is of no help

    dns_proxy.py --udp MODE --tcp MODE PORT

PORT is where the resolver listens on 127.0.0.1.  Prints "READY OWN-PORT".

    pass    hands questions and answers on
    drop    takes questions and says nothing
    close   TCP only: ends the connection
    spoof   UDP only: before the answer, the same with another id, the same
            with another question, and bytes that are nothing
    refuse  answers REFUSED
    badvers answers BADVERS (RFC 6891)
    broken  answers with the right head and nothing of what it promises
    cname   answers with the first record only
    loop    answers that the name is an alias of x.NAME
"""

import argparse
import socket
import struct
import threading


def receive(sock, length):
    data = b""
    while len(data) < length:
        more = sock.recv(length - len(data))
        if not more:
            raise OSError("closed")
        data += more
    return data


def ask_udp(port, question):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.sendto(question, ("127.0.0.1", port))
        return sock.recv(65535)


def ask_tcp(port, question):
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(struct.pack("!H", len(question)) + question)
        return receive(sock, struct.unpack("!H", receive(sock, 2))[0])


def end_of_name(packet, at):
    while packet[at] != 0:
        if packet[at] >= 0xC0:
            return at + 2
        at += packet[at] + 1
    return at + 1


def with_counts(packet, flags, answers):
    return packet[:2] + struct.pack("!HHHHH", flags, 1, answers, 0, 0)


def only_first(packet):
    """The answer with its first record alone."""
    at = end_of_name(packet, 12) + 4
    end = end_of_name(packet, at) + 10
    end += struct.unpack("!H", packet[end - 2:end])[0]
    return with_counts(packet, 0x8180, 1) + packet[12:end]


def alias_of_x(question):
    end = end_of_name(question, 12) + 4
    target = b"\x01x\xc0\x0c"
    return (with_counts(question, 0x8180, 1) + question[12:end] +
            b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, 60, len(target)) + target)


def answers(mode, question, ask):
    """What is sent back for a question, packet by packet."""
    end = end_of_name(question, 12) + 4
    if mode in ("drop", "close"):
        return []
    if mode == "refuse":
        return [with_counts(question, 0x8185, 0) + question[12:end]]
    if mode == "badvers":
        return [question[:2] + struct.pack("!HHHHH", 0x8180, 1, 0, 0, 1) +
                question[12:end] +
                b"\x00" + struct.pack("!HHIH", 41, 1232, 0x01000000, 0)]
    if mode == "broken":
        return [with_counts(question, 0x8180, 9) + question[12:end]]
    if mode == "loop":
        return [alias_of_x(question)]
    answer = ask(question)
    if mode == "cname":
        return [only_first(answer)]
    if mode == "spoof":
        other = bytearray(answer)
        other[0] ^= 0x55
        renamed = bytearray(answer)
        renamed[13] ^= 1
        return [bytes(other), bytes(renamed), b"\x00", b"", answer]
    return [answer]


def serve_udp(sock, mode, port):
    while True:
        question, peer = sock.recvfrom(65535)
        for answer in answers(mode, question, lambda q: ask_udp(port, q)):
            sock.sendto(answer, peer)


def serve_connection(sock, mode, port):
    try:
        question = receive(sock, struct.unpack("!H", receive(sock, 2))[0])
        for answer in answers(mode, question, lambda q: ask_tcp(port, q)):
            sock.sendall(struct.pack("!H", len(answer)) + answer)
        if mode == "drop":
            receive(sock, 1)
    except OSError:
        pass
    finally:
        sock.close()


def open_both():
    """UDP and TCP sockets on one free port."""
    while True:
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
            return udp, tcp
        except OSError:
            tcp.close()
            udp.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--udp", default="pass")
    parser.add_argument("--tcp", default="pass")
    parser.add_argument("port", type=int)
    opts = parser.parse_args()
    udp, tcp = open_both()
    print("READY", tcp.getsockname()[1], flush=True)
    threading.Thread(target=serve_udp, args=(udp, opts.udp, opts.port),
                     daemon=True).start()
    while True:
        sock, _ = tcp.accept()
        threading.Thread(target=serve_connection,
                         args=(sock, opts.tcp, opts.port),
                         daemon=True).start()


if __name__ == "__main__":
    main()
