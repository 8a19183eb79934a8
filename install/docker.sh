# shellcheck shell=bash
# Docker: an engine that exists is used unchanged, or refused; a missing one is installed.

SOCKET=/var/run/docker.sock
VENDOR=${NODEYARD_DOCKER_REPOSITORY:-https://download.docker.com/linux}
# docs.docker.com/engine/install/debian: the fingerprint of the key that signs the repository.
VENDOR_KEY=9DC858229FC7DD38854AE2D88D81803C0EBFCD88
VENDOR_KEY_FILE=/etc/apt/keyrings/docker.asc
VENDOR_LIST=/etc/apt/sources.list.d/docker.list

ensure_docker() {
  refuse_other_dockers
  if command -v dockerd >/dev/null; then
    command -v docker >/dev/null || ensure_packages docker-cli
    RESULT="$(dockerd --version | head -n 1), unchanged"
    return
  fi
  if engine_answers; then
    RESULT="an engine answers at $SOCKET, unchanged"
    return
  fi
  if command -v docker >/dev/null; then
    progress "found a client ($(command -v docker)) without an engine; installing the engine beside it"
  fi
  if vendor_answers; then
    install_from_vendor
  else
    install_from_distribution
  fi
}

# Refuse the kinds of Docker that Nodeyard does not run on, each in one sentence.
refuse_other_dockers() {
  local client
  client=$(command -v docker || true)
  case "${DOCKER_HOST:-unix://$SOCKET}" in
    "unix://$SOCKET" | unix:///run/docker.sock) ;;
    *) fail "DOCKER_HOST is $DOCKER_HOST; Nodeyard runs on the engine of this machine only." "Unset it, and run the installer again." ;;
  esac
  export DOCKER_HOST=unix://$SOCKET
  case "$client $(readlink -f "$client" 2>/dev/null)" in
    */snap/*) fail "Docker is installed as a snap ($client), whose engine may not read Nodeyard's folders." \
      "Remove it (snap remove docker) and run the installer again: it installs Docker's own engine." ;;
  esac
  if [ -n "$client" ] && "$client" --version 2>/dev/null | grep -qi podman; then
    fail "The docker command is podman's emulation (podman-docker), which Nodeyard does not support." \
      "Remove the package podman-docker and run the installer again."
  fi
}

engine_answers() { command -v docker >/dev/null && quietly timeout 20 docker version; }

# --- installing ----------------------------------------------------------------------------------------------------------

vendor_answers() {
  ensure_basic_packages
  quietly curl -fsS --connect-timeout 5 --max-time 10 -o /dev/null "$VENDOR/$(os_release ID)/dists/$(os_release VERSION_CODENAME)/Release"
}

install_from_vendor() {
  UNDO+=(remove_vendor_repository)
  ensure_packages ca-certificates gnupg
  install -d -m 0755 /etc/apt/keyrings
  local keys
  keys=$(mktemp -d)
  quietly curl -fsS --max-time 30 -o "$keys/downloaded" "$VENDOR/$(os_release ID)/gpg"
  only_key "$VENDOR_KEY" "$keys" ||
    fail "The key of Docker's package repository is not the one that Docker publishes." "Do not continue; find out what answers for $VENDOR between this host and Docker."
  install -m 0644 "$keys/wanted" "$VENDOR_KEY_FILE"
  rm -rf "$keys"
  printf 'deb [arch=%s signed-by=%s] %s/%s %s stable\n' "$(dpkg --print-architecture)" "$VENDOR_KEY_FILE" \
    "$VENDOR" "$(os_release ID)" "$(os_release VERSION_CODENAME)" >"$VENDOR_LIST"
  UPDATED=""
  ensure_packages docker-ce docker-ce-cli containerd.io docker-compose-plugin
  RESULT="installed from Docker's own repository: $(dockerd --version)"
}

# only_key FINGERPRINT FOLDER: FOLDER/downloaded -> FOLDER/wanted, which holds that key and no other. apt trusts every key
# of a file, so a file that also holds the right one proves nothing.
only_key() {
  local gpg=(gpg --homedir "$2" --batch --no-autostart)
  quietly "${gpg[@]}" --import "$2/downloaded" || true # it fails if any key of the file is damaged
  "${gpg[@]}" --armor --export-options export-minimal --export "$1" >"$2/wanted" 2>>"$LOG" &&
    [ "$("${gpg[@]}" --show-keys --with-colons "$2/wanted" 2>>"$LOG" | awk -F: '$1 == "pub" { keys++; getline; print keys, $10 }')" = "1 $1" ]
}

remove_vendor_repository() {
  command -v dockerd >/dev/null || rm -f "$VENDOR_LIST" "$VENDOR_KEY_FILE"
}

install_from_distribution() {
  # A host that cannot reach Docker's repository probably builds its images, which needs mmdebstrap.
  local name wanted=(docker.io iptables mmdebstrap)
  update_packages
  # From Debian 13 on the client is a package of its own; a kernel with AppArmor needs AppArmor's loader.
  package_exists docker-cli && wanted+=(docker-cli)
  grep -qs Y /sys/module/apparmor/parameters/enabled && wanted+=(apparmor)
  for name in "${wanted[@]}"; do
    package_exists "$name" || fail "The distribution has no package $name." "Check that its archive can be reached, and on Ubuntu that universe is enabled."
  done
  ensure_packages "${wanted[@]}"
  RESULT="installed from the distribution: $(dockerd --version)"
}

# --- running ---------------------------------------------------------------------------------------------------------------

ensure_running_engine() {
  if ! engine_answers; then
    start_engine
    wait_for_engine
  fi
  refuse_engine
  RESULT="engine $(docker version --format '{{.Server.Version}}'), API $(docker version --format '{{.Server.APIVersion}}')"
}

start_engine() {
  remove_stale_pid_files
  if [ -d /run/systemd/system ]; then
    quietly systemctl enable --now docker || fail "systemd could not start Docker's engine." "See: journalctl -u docker"
    return
  fi
  if [ -x /etc/init.d/docker ] && quietly service docker start && engine_answers_within 20; then
    return
  fi
  progress "no systemd on this machine; starting dockerd in the background (log: /var/log/nodeyard-dockerd.log)"
  remove_stale_pid_files
  setsid dockerd >>/var/log/nodeyard-dockerd.log 2>&1 </dev/null &
}

# After a power cut these files contain ids of processes that no longer exist, or that belong to other programs.
remove_stale_pid_files() {
  local file
  for file in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
    [ -f "$file" ] || continue
    grep -qxE 'dockerd|containerd' "/proc/$(cat "$file")/comm" 2>/dev/null || rm -f "$file"
  done
}

wait_for_engine() {
  engine_answers_within 60 || fail "Docker's engine does not answer at $SOCKET." \
    "See its log: journalctl -u docker, /var/log/docker.log or /var/log/nodeyard-dockerd.log"
}

# engine_answers_within SECONDS
engine_answers_within() {
  local end=$((SECONDS + $1))
  until engine_answers; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.5
  done
}

refuse_engine() {
  local facts api
  facts=$(docker info --format '{{.DockerRootDir}} {{join .SecurityOptions " "}}')
  api=$(docker version --format '{{.Server.APIVersion}}')
  case "$facts" in
    /var/snap/*) fail "This Docker engine is a snap, which may not read Nodeyard's folders." "Remove it: snap remove docker" ;;
    *name=rootless*) fail "This Docker engine is rootless: the fixed owners of secrets and data need root." "Use Docker's own engine, run by root." ;;
    *name=userns*) fail "This Docker engine remaps users (userns-remap), so fixed owners of data would not hold." \
      "Take userns-remap out of /etc/docker/daemon.json, or use another machine." ;;
  esac
  [ "$(printf '1.41\n%s\n' "$api" | sort -V | head -n 1)" = 1.41 ] ||
    fail "This Docker engine is too old: it speaks API $api, Nodeyard needs 1.41 (engine 20.10)." "Update it; the installer never replaces an engine."
}
