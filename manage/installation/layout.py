"""Where an installation keeps its things: every path below `--dir` has its name here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from manage.installation.owners import Owners

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder that holds `manage/`, `profiles/`, `templates/`, `services/` and `images/`: the checkout, or
`/opt/nodeyard` in the manager's image."""

DEFAULT_DIR = Path("/var/lib/nodeyard")


@dataclass(frozen=True)
class Layout:
    """Paths of one installation. State is root-owned; folders that another uid writes are named with it."""

    dir: Path
    owners: Owners = field(default=Owners(), compare=False, repr=False)
    """How its files are given to the users that need them."""

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
        """`{"version": 1, "id", "project", "created_at"}`: who this installation is."""
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
        """Programs compiled for images; may be deleted at any time, at the cost of compiling them again."""
        return self.dir / "cache"

    @property
    def log_dir(self) -> Path:
        """Output of image builds and of the installer."""
        return self.dir / "log"

    @property
    def data_formats_file(self) -> Path:
        return self.dir / "data-formats.json"

    @property
    def secrets_dir(self) -> Path:
        """Master copies, 0700 root: `<name>_g<generation>` 0600."""
        return self.dir / "secrets"

    @property
    def secret_generations_file(self) -> Path:
        """Which generation of each secret is in force; outside `secrets/`, so that their loss is noticed."""
        return self.dir / "secrets.json"

    @property
    def secret_copies_dir(self) -> Path:
        """`<service>/<name>_g<generation>`, 0400, owned by the consumer's uid: what compose mounts."""
        return self.dir / "run" / "secrets"

    @property
    def files_dir(self) -> Path:
        """Rendered config files: `<service>-<sha12>/`, mounted as directories."""
        return self.dir / "files"

    @property
    def compose_dir(self) -> Path:
        """Rendered compose files: `<project>-<sha12>.yml`."""
        return self.dir / "compose"

    @property
    def compose_hashes_file(self) -> Path:
        """Compose's hashes of the files that are in force; may be deleted at any time."""
        return self.compose_dir / "hashes.json"

    @property
    def specs_dir(self) -> Path:
        """Every spec that ever ran, `<spec digest>.json`, so that a plan can name differences."""
        return self.dir / "specs"

    @property
    def receipts_dir(self) -> Path:
        return self.dir / "receipts"

    @property
    def agent_dir(self) -> Path:
        """Root's: users, session key, audit log."""
        return self.dir / "agent"

    @property
    def agent_socket_dir(self) -> Path:
        """0750 root:10020: `agent.sock` and the session public key; mounted read-only into the dashboard."""
        return self.dir / "run" / "agent"

    @property
    def users_file(self) -> Path:
        """`{"version": 1, "users": [...]}` with argon2id hashes, 0600."""
        return self.agent_dir / "users.json"

    @property
    def users_lock_file(self) -> Path:
        """Held by flock while `users.json` is edited, by the CLI and the agent alike."""
        return self.agent_dir / "users.lock"

    @property
    def first_password_file(self) -> Path:
        """The first admin's password when there was no terminal to show it on; 0600, gone after the first login."""
        return self.agent_dir / "first-password"

    @property
    def session_key_file(self) -> Path:
        """Ed25519 private key (PEM, 0600) that signs sessions."""
        return self.agent_dir / "session.key"

    @property
    def audit_file(self) -> Path:
        """Who did, tried or was refused what: JSON lines, only ever appended to."""
        return self.agent_dir / "audit.log"

    @property
    def agent_socket(self) -> Path:
        return self.agent_socket_dir / "agent.sock"

    @property
    def session_public_file(self) -> Path:
        """Ed25519 public key (PEM): the dashboard checks sessions with it while the agent is away."""
        return self.agent_socket_dir / "session.pub"

    @property
    def revocations_file(self) -> Path:
        """Which sessions ended early and which users there are; the dashboard refuses by it, agent or no agent."""
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
        """Owned by watch (uid 10021), readable by all: `snapshot.json`, `watch.sock`, `history.db`."""
        return self.dir / "watch"

    @property
    def snapshot_file(self) -> Path:
        return self.watch_dir / "snapshot.json"

    @property
    def watch_socket(self) -> Path:
        return self.watch_dir / "watch.sock"

    def sandbox_socket(self, node: str) -> Path:
        """The simulator's control socket, in a 0700 folder of the node's own uid."""
        return self.dir / "sandbox" / node / "control.sock"
