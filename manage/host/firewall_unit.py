"""The systemd unit that loads the firewall table before Docker starts. One for all installations of this host.

The kernel forgets the table at a shutdown. Docker publishes its ports as soon as it starts, long before the unit of an
installation runs `manage up`; without this unit neighbours reach them for these seconds.
"""

from __future__ import annotations

from pathlib import Path

from manage.host import firewall

NAME = "nodeyard-firewall.service"
NFT = "/usr/sbin/nft"
"""Where Debian's and Ubuntu's package nftables puts it."""
FLUSHING = "nftables.service netfilter-persistent.service"
"""Services that remove every table when they start (/etc/nftables.conf begins with `flush ruleset`)."""


def text(saved: Path | None = None) -> str:
    """The unit file.

    docker.service wants it, whatever starts Docker, and waits for its end; a table that nft refuses does not keep
    Docker down (`status` names its absence). Rules about a bridge that Docker creates later match by its name.
    """
    saved = saved or firewall.SAVED
    return f"""\
[Unit]
Description=Firewall table of Nodeyard ({firewall.TABLE})
ConditionPathExists={NFT}
ConditionPathExists={saved}
After={FLUSHING}
PartOf={FLUSHING}
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=20s
ExecStart={NFT} -f {saved}

[Install]
WantedBy=docker.service
"""
