"""The machine: ports, checks before a change, the lock of image builds, the `manage` command, systemd units."""
