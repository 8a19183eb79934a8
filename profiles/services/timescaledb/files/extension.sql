-- TimescaleDB in this database, at the version that the image brings: an older one's library is not in the image.
SELECT CASE
    WHEN installed_version IS NULL THEN 'CREATE EXTENSION timescaledb'
    WHEN installed_version <> default_version THEN 'ALTER EXTENSION timescaledb UPDATE'
END
FROM pg_available_extensions
WHERE name = 'timescaledb' AND installed_version IS DISTINCT FROM default_version
\gexec

-- The Apache edition schedules a job that its licence does not let it run, and logs an error each time.
UPDATE _timescaledb_config.bgw_job SET scheduled = false
WHERE proc_name = 'policy_job_stat_history_retention' AND scheduled
    AND current_setting('timescaledb.license') = 'apache';
