#!/bin/sh
# PostgreSQL for all services. Makes the cluster once; at every start sets roles, passwords and databases from roles.txt
# over the local socket. Only then does it listen on TCP: who can connect finds everything there.
set -eu
umask 077

# shellcheck source=profiles/services/timescaledb/files/databases.sh
. /etc/nodeyard/databases.sh

# In a folder of its own first, so that an initdb killed half-way is never taken for a cluster.
make_cluster() {
    new=$PGDATA/initdb
    if [ ! -e "$new/done" ]; then
        rm -rf "$new"
        initdb --pgdata="$new" --username=postgres --auth=reject --data-checksums \
            --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C --encoding=UTF8 --no-instructions
        touch "$new/done"
    fi
    for entry in "$new"/*; do
        case ${entry##*/} in
            PG_VERSION | done) ;;
            *) mv "$entry" "$PGDATA/" ;;
        esac
    done
    mv "$new/PG_VERSION" "$PGDATA/"
    rm -rf "$new"
}

reconcile() {
    sql --dbname=postgres --set=role=postgres --set=file=/run/secrets/postgres_password --file="$here/password.sql"
    # PostgreSQL lets every role into these two by default; whatever lies in template1 is copied into each new database.
    sql --dbname=postgres --command="REVOKE ALL ON DATABASE template1, postgres FROM PUBLIC"
    while read -r role database limit grants; do
        sql --dbname=postgres --set=role="$role" --set=database="$database" --set=limit="$limit" --set=grants="$grants" \
            --file="$here/role.sql"
        sql --dbname=postgres --set=role="$role" --set=file="/run/secrets/${role}_db_password" --file="$here/password.sql"
        # One database that cannot be opened must not keep the others away.
        /bin/sh "$here/extension.sh" "$database" || refuse "$database" "see the error above."
    done <"$here/roles.txt"
}

stop() {
    pg_ctl --pgdata="$PGDATA" --mode=fast --silent stop
}

[ -e "$PGDATA/PG_VERSION" ] || make_cluster
trap 'exit 143' TERM INT
trap stop EXIT
# No TCP, and no background workers, whose end would be logged as fatal. Recovery after a crash may take long; the gate
# outside decides how long is too long.
pg_ctl --pgdata="$PGDATA" --silent --wait --timeout=86400 \
    --options="-c config_file=$here/postgresql.conf -c listen_addresses='' -c max_worker_processes=0" start
reconcile
trap - TERM INT EXIT
stop
exec postgres -D "$PGDATA" -c config_file="$here/postgresql.conf"
