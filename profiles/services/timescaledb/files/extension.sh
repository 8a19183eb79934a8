#!/bin/sh
# TimescaleDB in the database $1, at the version that this image offers. An older one is updated only with the operator's
# consent (update.sh), because there is no way back; if the image lacks its library, the database is not served.
set -eu
# shellcheck source=profiles/services/timescaledb/files/databases.sh
. /etc/nodeyard/databases.sh
database=$1

server "ALTER DATABASE \"$database\" ALLOW_CONNECTIONS true"
offered=$(server "SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'")
found=$(catalogue --dbname="$database" --command="SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")

if [ -n "$found" ] && [ "$found" != "$offered" ]; then
    hypertables=$(catalogue --dbname="$database" --command='SELECT count(*) FROM _timescaledb_catalog.hypertable')
    # Without hypertables nothing depends on the version. DROP EXTENSION loads no library if it is the first statement.
    if [ "$hypertables" = 0 ] && sql --dbname="$database" --command='DROP EXTENSION timescaledb'; then
        found=
    fi
fi
if [ -z "$found" ]; then
    sql --dbname="$database" --command='CREATE EXTENSION timescaledb'
    found=$offered
fi
if [ "$found" = "$offered" ]; then
    sql --dbname="$database" --file="$here/extension.sql"
    server "COMMENT ON DATABASE \"$database\" IS NULL"
    exit
fi

library=$(server "SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR'")/timescaledb-$found.so
[ ! -e "$library" ] || exit 0 # this image also has the version of the data
way=$(server "SELECT 'update' FROM pg_extension_update_paths('timescaledb')
    WHERE source = '$found' AND target = '$offered' AND path IS NOT NULL")
# watch reads the comment, and `manage plan` what watch has read.
server "COMMENT ON DATABASE \"$database\" IS 'TimescaleDB $found $offered ${way:-none}'"
advice='Use an image with that version, or restore a backup.'
[ "$way" != update ] || advice='The next manage up offers the update.'
refuse "$database" "its TimescaleDB is $found, and this image has $offered. $advice"
