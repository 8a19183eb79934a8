"""Names of the exceptions from the hardening preset that a service file may list, each with its reason."""

from __future__ import annotations

# fmt: off
COMPOSE_KEYS = (
    "annotations", "attach", "blkio_config", "build", "cap_add", "cap_drop", "cgroup", "cgroup_parent",
    "configs", "container_name", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period",
    "cpu_rt_runtime", "cpu_shares", "cpuset", "credential_spec", "deploy", "develop", "device_cgroup_rules",
    "devices", "dns", "dns_opt", "dns_search", "domainname", "env_file", "expose", "extends",
    "external_links", "extra_hosts", "gpus", "group_add", "hostname", "init", "ipc", "isolation",
    "label_file", "links", "logging", "mac_address", "mem_limit", "mem_reservation", "mem_swappiness",
    "memswap_limit", "models", "network_mode", "oom_kill_disable", "oom_score_adj", "pid", "pids_limit",
    "platform", "post_start", "pre_stop", "privileged", "profiles", "provider", "pull_refresh_after",
    "read_only", "restart", "runtime", "scale", "security_opt", "stdin_open", "stop_grace_period",
    "storage_opt", "sysctls", "tmpfs", "tty", "ulimits", "use_api_socket", "user", "userns_mode", "uts",
    "volumes_from",
)
# fmt: on
"""Keys of a compose service that a reason may allow or change: compose-spec/compose-spec schema/compose-spec.json at
170098ba07d9, without the keys that every service may use."""
EXCEPTIONS = (*COMPOSE_KEYS, "socket", "bind")
"""The two others: mounting Docker's socket, and mounting a folder of the host."""
NEVER_OWN = ("socket", "privileged", "use_api_socket")
"""Exceptions that no service of an operator's own can have: each of them hands the host to the container."""
