#!/bin/sh
# psql for entrypoint.sh, extension.sh and update.sh.
# shellcheck disable=SC2034 # the scripts that read this file use it
here=/etc/nodeyard
for folder in /usr/lib/postgresql/*/bin; do # Debian keeps them off PATH
    PATH=$PATH:$folder
done

# A session with these server options; each call is a session of its own.
session() {
    options=$1
    shift
    PGOPTIONS="-c client_min_messages=warning $options" \
        psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --host=/run/postgresql --username=postgres "$@"
}

sql() { session '' "$@"; }

# Without the TimescaleDB library of the database's own version, which the image may lack.
catalogue() { session '-c timescaledb.disable_load=on' "$@"; }

server() { sql --dbname=postgres --command="$1"; }

# Nobody can connect to the database $1 until the next start, or until update.sh has updated it.
refuse() {
    server "ALTER DATABASE \"$1\" ALLOW_CONNECTIONS false"
    echo "Nodeyard: the database $1 is not served: $2" >&2
}
