-- Sets the password of :role to the content of :file; a statement that fails is not logged with it.
SET log_min_error_statement = panic;
\set password `cat :'file'`
ALTER ROLE :"role" PASSWORD :'password';
