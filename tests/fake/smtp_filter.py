#!/usr/bin/env python3
"""smtp_filter - a before-queue filter that changes nothing

    smtp_filter.py LISTEN_HOST:PORT NEXT_HOST:PORT

Postfix's smtpd_proxy_filter speaks SMTP to it, and whatever it says goes to the
smtpd(8) behind it, word for word.  Says READY when it listens.
"""
import asyncio
import sys


async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main(listen, following):
    async def filter_one(reader, writer):
        inner = await asyncio.open_connection(*following)
        await asyncio.gather(pump(reader, inner[1]), pump(inner[0], writer))

    server = await asyncio.start_server(filter_one, *listen)
    print("READY", flush=True)
    await server.serve_forever()


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


if __name__ == "__main__":
    asyncio.run(main(address(sys.argv[1]), address(sys.argv[2])))
