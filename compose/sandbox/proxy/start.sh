#!/bin/sh
# start.sh PEERS: starts nginx. With "gateway", it answers only connections that came in through the port that Docker
# publishes on loopback: they arrive from the gateway of the container's network. A neighbour's packet that an older
# engine routes to the container carries its own address (docker-facts 14, 30).
set -eu

# "010012AC", as in /proc/net/route, to 172.18.0.1
address() {
    rest=$1
    fourth=${rest%??????} rest=${rest#??}
    third=${rest%????} rest=${rest#??}
    second=${rest%??} first=${rest#??}
    printf '%d.%d.%d.%d' "0x$first" "0x$second" "0x$third" "0x$fourth"
}

if [ "$1" = gateway ]; then
    while read -r _ destination gateway _; do
        if [ "$destination" = 00000000 ] && [ "$gateway" != 00000000 ]; then echo "allow $(address "$gateway");"; fi
    done </proc/net/route >/tmp/peers.conf
    echo "deny all;" >>/tmp/peers.conf
else
    : >/tmp/peers.conf
fi
exec nginx -e /dev/stderr -c /etc/nodeyard/nginx.conf
