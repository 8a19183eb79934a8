"""What the health drivers declare in `manage/health/probes/<driver>.yml`. Imports only `manage.errors` and YAML."""
