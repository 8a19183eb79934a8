-- The Apache edition schedules a job that its licence does not let it run, and logs an error each time.
UPDATE _timescaledb_config.bgw_job SET scheduled = false
WHERE proc_name = 'policy_job_stat_history_retention' AND scheduled
    AND current_setting('timescaledb.license') = 'apache';
