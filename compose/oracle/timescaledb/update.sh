#!/bin/sh
# Run by manage with the operator's consent: updates TimescaleDB in every database that extension.sh left as it was.
# An older image cannot open these databases afterwards.
set -eu
# shellcheck source=profiles/services/timescaledb/files/databases.sh
. /etc/nodeyard/databases.sh
waiting=$(server "SELECT datname FROM pg_database
    WHERE NOT datallowconn AND shobj_description(oid, 'pg_database') LIKE 'TimescaleDB % update'")
failed=0
for database in $waiting; do
    server "ALTER DATABASE \"$database\" ALLOW_CONNECTIONS true"
    # The first statement of its session: any other one would load the library of the version before.
    if sql --dbname="$database" --command='ALTER EXTENSION timescaledb UPDATE'; then
        echo "$database is updated."
    else
        failed=1
    fi
    /bin/sh "$here/extension.sh" "$database" || failed=1
done
exit $failed
