-- The role :role with its database, which no other role may enter, and its memberships (:grants, separated by blanks).
-- It has at most :limit connections, so that no service can take those of another.
SELECT format('CREATE ROLE %I LOGIN', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role')
\gexec
ALTER ROLE :"role" CONNECTION LIMIT :limit;
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SELECT format('GRANT %I TO %I', name, :'role')
FROM unnest(string_to_array(nullif(:'grants', ''), ' ')) AS name
\gexec
