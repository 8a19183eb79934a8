"""The paths of an installation: every path below `--dir` is defined here and nowhere else."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from manage.immutable import dataclass
from manage.installation.owners import Owners

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder that holds `manage/`, `profiles/`, `templates/`, `services/` and `images/`: the checkout, or
`/opt/nodeyard` in the manager's image."""

DEFAULT_DIR = Path("/var/lib/nodeyard")


@dataclass(frozen=True)
class Layout:
    """Paths of one installation. Root owns the state, except where another uid is given."""

    dir: Path
    owners: Owners = field(default=Owners(), compare=False, repr=False)
    """How files are given to other users."""

    @property
    def directory_to_name(self) -> str:
        """The folder that a command must name with `--dir` to reach this installation, "" for the default folder."""
        return "" if self.dir == DEFAULT_DIR else str(self.dir)

    @property
    def stack_file(self) -> Path:
        """The operator's configuration, `stack.yml`."""
        return self.dir / "stack.yml"

    @property
    def services_dir(self) -> Path:
        """The operator's own services: `<name>/service.yml` and its templates. Only root writes here."""
        return self.dir / "services"

    @property
    def installation_file(self) -> Path:
        """The identity of this installation: `{"version": 1, "id", "project", "created_at"}`."""
        return self.dir / "installation.json"

    @property
    def lock_file(self) -> Path:
        """Held by flock during a change; its text names the holder. Never replaced by rename."""
        return self.dir / "lock"

    @property
    def image_lock_file(self) -> Path:
        return self.dir / "images.json"

    @property
    def cache_dir(self) -> Path:
        """Programs compiled for images; can be deleted at any time, and are then compiled again."""
        return self.dir / "cache"

    @property
    def log_dir(self) -> Path:
        """Output of image builds and of the installer."""
        return self.dir / "log"

    @property
    def data_formats_file(self) -> Path:
        return self.dir / "data-formats.json"

    @property
    def chain_folders_file(self) -> Path:
        """The chain folders in use, with owner, marker and file system: `manage.apply.chain_folders`."""
        return self.dir / "chain-folders.json"

    @property
    def secrets_dir(self) -> Path:
        """Master copies, 0700 root: `<name>_g<generation>` 0600."""
        return self.dir / "secrets"

    @property
    def secret_generations_file(self) -> Path:
        """The current generation of each secret; outside `secrets/`, so that a loss of that folder is noticed."""
        return self.dir / "secrets.json"

    @property
    def secret_copies_dir(self) -> Path:
        """`<service>/<name>_g<generation>`, 0400, owned by the consumer's uid: what compose mounts."""
        return self.dir / "run" / "secrets"

    @property
    def files_dir(self) -> Path:
        """Rendered config files: `<service>-<sha12>/`, mounted as directories."""
        return self.dir / "files"

    def start_files(self, service: str) -> Path:
        """Files that are completed with the addresses of its networks before the service starts."""
        return self.dir / "run" / "start" / service

    @property
    def watch_list_file(self) -> Path:
        """What watch asks; it reads the file again when it changes."""
        return self.engine_file.parent / "watch.json"

    @property
    def compose_dir(self) -> Path:
        """Rendered compose files: `<project>-<sha12>.yml`."""
        return self.dir / "compose"

    @property
    def compose_hashes_file(self) -> Path:
        """Compose's hashes of the current files; can be deleted at any time."""
        return self.compose_dir / "hashes.json"

    @property
    def specs_dir(self) -> Path:
        """Every spec that ever ran, as `<spec digest>.json`, so that a plan can name differences."""
        return self.dir / "specs"

    @property
    def receipts_dir(self) -> Path:
        return self.dir / "receipts"

    @property
    def agent_dir(self) -> Path:
        """Users, session key and audit log; only root can read it."""
        return self.dir / "agent"

    @property
    def agent_socket_dir(self) -> Path:
        """0750, of root and `ids.AGENT_GROUP`: `agent.sock` and the session public key; mounted read-only into the
        dashboard."""
        return self.dir / "run" / "agent"

    @property
    def users_file(self) -> Path:
        """`{"version": 1, "users": [...]}` with argon2id hashes, 0600."""
        return self.agent_dir / "users.json"

    @property
    def users_lock_file(self) -> Path:
        """Held by flock while users, devices or second factors are edited, by the CLI and the agent alike."""
        return self.agent_dir / "users.lock"

    @property
    def devices_file(self) -> Path:
        """Hashes of the ids of devices on which somebody has signed in, 0600."""
        return self.agent_dir / "devices.json"

    @property
    def second_factors_file(self) -> Path:
        """Secrets of the users' authenticator apps, 0600."""
        return self.agent_dir / "second-factors.json"

    @property
    def attempts_file(self) -> Path:
        """Counters of wrong passwords and codes of known devices and signed-in people, 0600; may be removed."""
        return self.agent_dir / "attempts.json"

    @property
    def strangers_file(self) -> Path:
        """Counters of wrong passwords of everybody else, 0600; may be removed."""
        return self.agent_dir / "attempts-of-strangers.json"

    @property
    def first_password_file(self) -> Path:
        """The first admin's password if there was no terminal to show it; 0600, removed at the first sign-in."""
        return self.agent_dir / "first-password"

    @property
    def session_key_file(self) -> Path:
        """Ed25519 private key (PEM, 0600) that signs sessions."""
        return self.agent_dir / "session.key"

    @property
    def audit_file(self) -> Path:
        """The audit log: one JSON line per sign-in, change and refusal; see `manage.access.audit_chain`."""
        return self.agent_dir / "audit.log"

    @property
    def agent_socket(self) -> Path:
        return self.agent_socket_dir / "agent.sock"

    @property
    def session_public_file(self) -> Path:
        """Ed25519 public key (PEM): the dashboard verifies sessions with it, also while the agent is down."""
        return self.agent_socket_dir / "session.pub"

    @property
    def revocations_file(self) -> Path:
        """Revoked sessions and current users: the dashboard refuses sessions by it, also while the agent is down."""
        return self.agent_socket_dir / "standing.json"

    @property
    def desired_file(self) -> Path:
        """Whether the operator wants the stack up or down; see `manage.installation.intent`."""
        return self.dir / "run" / "desired.json"

    @property
    def engine_file(self) -> Path:
        """Written by the agent, read by watch."""
        return self.dir / "engine" / "engine.json"

    @property
    def watch_dir(self) -> Path:
        """Owned by watch, readable by `ids.AGENT_GROUP`: `snapshot.json`, `watch.sock`, `history.db`."""
        return self.dir / "watch"

    @property
    def snapshot_file(self) -> Path:
        return self.watch_dir / "snapshot.json"

    @property
    def history_file(self) -> Path:
        """Watch's database of verdicts and figures (SQLite); may be removed while watch is stopped."""
        return self.watch_dir / "history.db"

    @property
    def watch_socket(self) -> Path:
        return self.watch_dir / "watch.sock"

    def sandbox_socket(self, node: str) -> Path:
        """The simulator's control socket, in a 0700 folder of the node's own uid."""
        return self.dir / "sandbox" / node / "control.sock"
