"""Makes what a stack run by hand needs before its first start: secrets, each consumer's own copy, and folder owners.

Runs as root with the capability CHOWN alone, from the reference compose files. What is there already stays as it is.
Reads `/etc/nodeyard/prepare.json`: {"secrets": [{"service", "uid", "name", "kind"}], "folders": [{"path", "uid"}]}.
"""

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

PLAN = Path("/etc/nodeyard/prepare.json")
MASTER = Path("/secrets/master")
COPIES = Path("/secrets")


def main() -> None:
    plan = json.loads(PLAN.read_text(encoding="utf-8"))
    names = {use["name"]: use["kind"] for use in plan["secrets"]}
    values = {name: kept(name) for name, kind in names.items() if kind != "rpcauth"}
    for name, kind in names.items():
        if kind == "rpcauth":
            values[name] = rpcauth({n.removeprefix("bitcoind_rpc_"): v for n, v in values.items() if "_rpc_" in n})
    for use in plan["secrets"]:
        copy = COPIES / use["service"] / use["name"]
        if use["service"] != "host" and not (copy.exists() and copy.stat().st_uid == use["uid"]):
            write(copy, values[use["name"]], use["uid"])
    for folder in plan["folders"]:
        give(Path(folder["path"]), folder["uid"])


def give(folder: Path, uid: int) -> None:
    """The folder and its content to `uid`, unless it owns the folder: so an interrupted change goes on the next time.

    Without the capability to read everyone's folders, root reads them as their owner.
    """
    if folder.stat().st_uid == uid:
        return
    os.chown(folder, os.getuid(), uid)
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            give(Path(entry.path), uid)
        else:
            os.chown(entry.path, uid, uid, follow_symlinks=False)
    os.chown(folder, uid, uid)


def kept(name: str) -> str:
    """The secret `name`, made now if it is not there."""
    path = MASTER / name
    if not path.exists():
        write(path, secrets.token_urlsafe(32), os.getuid())
    return path.read_text(encoding="ascii")


def rpcauth(passwords: dict[str, str]) -> str:
    """One line of bitcoin.conf a user: bitcoin share/rpcauth/rpcauth.py."""
    lines = []
    for user, password in sorted(passwords.items()):
        salt = secrets.token_hex(16)
        digest = hmac.new(salt.encode(), password.encode(), hashlib.sha256).hexdigest()
        lines.append(f"rpcauth={user}:{salt}${digest}\n")
    return "".join(lines)


def write(path: Path, text: str, uid: int) -> None:
    """In one step, readable by `uid` alone."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    if uid != os.getuid():
        os.chown(new, uid, uid)
    new.replace(path)


if __name__ == "__main__":
    main()
