"""Sign in to the dashboard as a browser does, with the Python of the machine: sign_in.py URL PASSWORD-FILE NEW-PASSWORD

Like a browser, and unlike the machine's resolver, it takes every name below `localhost` for this machine.
Prints `NAME VERDICT` for each service that the overview names; exits 1 when the overview cannot be reached.
"""

import http.cookiejar
import re
import socket
import sys
import urllib.parse
import urllib.request
from pathlib import Path


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    if not found:
        sys.exit(f"the page has no field {name}:\n{page}")
    return found[1]


url, password_file, new = sys.argv[1:]
old = Path(password_file).read_text(encoding="utf-8").strip().splitlines()[-1].split()[-1]
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **options: resolve(
    "127.0.0.1" if host.endswith(".localhost") else host, *more, **options
)
browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))


def visit(path: str, **fields: str) -> str:
    """The page at `path`, redirects followed; with fields a form is sent."""
    body = urllib.parse.urlencode(fields).encode() if fields else None
    answer = browser.open(urllib.parse.urljoin(url, path), body, timeout=10)
    return str(answer.read(), "utf-8")


page = visit("/login")
page = visit("/login", name="admin", password=old, csrf=field(page, "csrf"), next="/")
if "Choose your own password" not in page:
    sys.exit(f"the first password did not lead to the change of it:\n{page}")
visit("/password", old=old, new=new, again=new, csrf=field(page, "csrf"))
page = visit("/login")
visit("/login", name="admin", password=new, csrf=field(page, "csrf"), next="/")
overview = visit("/")
for name, verdict in re.findall(r'data-row="([^"]+)" data-verdict="([^"]+)"', overview):
    print(name, verdict)
