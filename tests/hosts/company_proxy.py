"""A company's proxy for a machine without another way out: company_proxy.py PORT FOLDER

Plain requests pass it. From `CONNECT` it takes the encryption off and reads along, with certificates of the company's
own authority (FOLDER/company.crt and .key), and notes each host in FOLDER/intercepted. Only the standard library: it
runs with the Python of the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(sys.argv[2])


@cache
def identity(host: str) -> ssl.SSLContext:
    """The proxy as `host`, signed by the company's authority."""
    subject, file = ["-subj", "/CN=intercepted", "-addext", f"subjectAltName=DNS:{host}"], FOLDER / f"{host}.crt"
    authority = ["-CA", str(FOLDER / "company.crt"), "-CAkey", str(FOLDER / "company.key")]
    key = ["-key", str(FOLDER / "proxy.key")]
    subprocess.run(["openssl", "req", "-x509", "-days", "2", *key, *subject, *authority, "-out", str(file)], check=True)
    with (FOLDER / "intercepted").open("a") as notes:
        notes.write(f"{host}\n")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, FOLDER / "proxy.key")
    return context


async def copy(reader: StreamReader, writer: StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def serve(reader: StreamReader, writer: StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.decode().split(" ")
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            beyond = await asyncio.open_connection(host, int(port), ssl=ssl.create_default_context())
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await writer.start_tls(identity(host))
        else:
            url = urlsplit(target)
            beyond = await asyncio.open_connection(url.hostname, url.port or 80)
            path = (url.path or "/") + (f"?{url.query}" if url.query else "")
            kept = [
                each for each in rest.split(b"\r\n") if each and not each.lower().startswith((b"connection", b"proxy"))
            ]
            lines = [f"{method} {path} {version}".encode(), *kept, b"Connection: close", b"", b""]
            beyond[1].write(b"\r\n".join(lines))  # one request for a connection: the next may be for another host
        await asyncio.gather(copy(reader, beyond[1]), copy(beyond[0], writer))
    writer.close()


async def main() -> None:
    async with await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()


asyncio.run(main())
