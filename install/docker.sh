# shellcheck shell=bash
# Docker: what is there is used as it is, or refused; what is missing is installed.

SOCKET=/var/run/docker.sock
VENDOR=${NODEYARD_DOCKER_REPOSITORY:-https://download.docker.com/linux}
# docs.docker.com/engine/install/debian: the fingerprint of the key that signs the repository.
VENDOR_KEY=9DC858229FC7DD38854AE2D88D81803C0EBFCD88
VENDOR_KEY_FILE=/etc/apt/keyrings/docker.asc
VENDOR_LIST=/etc/apt/sources.list.d/docker.list

have_docker() {
  refuse_other_dockers
  if command -v dockerd >/dev/null; then
    command -v docker >/dev/null || have_packages docker-cli
    RESULT="$(dockerd --version | head -n 1), as it is"
    return
  fi
  if engine_answers; then
    RESULT="an engine answers at $SOCKET, as it is"
    return
  fi
  if command -v docker >/dev/null; then
    progress "there is a client ($(command -v docker)) and no engine; the engine is installed beside it"
  fi
  if vendor_answers; then
    install_from_vendor
  else
    install_from_distribution
  fi
}

# Kinds of Docker that cannot carry Nodeyard, each in one sentence.
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
  command -v curl >/dev/null || have_packages ca-certificates curl
  quietly curl -fsS --connect-timeout 5 --max-time 10 -o /dev/null "$VENDOR/$(os_release ID)/dists/$(os_release VERSION_CODENAME)/Release"
}

install_from_vendor() {
  UNDO+=(forget_vendor)
  have_packages ca-certificates gnupg
  install -d -m 0755 /etc/apt/keyrings
  quietly curl -fsS --max-time 30 -o "$VENDOR_KEY_FILE" "$VENDOR/$(os_release ID)/gpg"
  gpg --show-keys --with-colons "$VENDOR_KEY_FILE" 2>>"$LOG" | grep -q "^fpr:.*:$VENDOR_KEY:" ||
    fail "The key of Docker's package repository is not the one that Docker publishes." "Do not go on; ask who stands between this host and $VENDOR."
  printf 'deb [arch=%s signed-by=%s] %s/%s %s stable\n' "$(dpkg --print-architecture)" "$VENDOR_KEY_FILE" \
    "$VENDOR" "$(os_release ID)" "$(os_release VERSION_CODENAME)" >"$VENDOR_LIST"
  UPDATED=""
  have_packages docker-ce docker-ce-cli containerd.io docker-compose-plugin
  RESULT="installed from Docker's own repository: $(dockerd --version)"
}

forget_vendor() {
  command -v dockerd >/dev/null || rm -f "$VENDOR_LIST" "$VENDOR_KEY_FILE"
}

install_from_distribution() {
  local name wanted=(docker.io iptables)
  update_packages
  # The client is a package of its own from Debian 13 on; a kernel with AppArmor wants its loader.
  exists_package docker-cli && wanted+=(docker-cli)
  grep -qs Y /sys/module/apparmor/parameters/enabled && wanted+=(apparmor)
  for name in "${wanted[@]}"; do
    exists_package "$name" || fail "The distribution has no package $name." "Is its archive reachable, and universe enabled on Ubuntu?"
  done
  have_packages "${wanted[@]}"
  RESULT="installed from the distribution: $(dockerd --version)"
}

# --- running ---------------------------------------------------------------------------------------------------------------

have_running_engine() {
  if ! engine_answers; then
    start_engine
    wait_for_engine
  fi
  refuse_engine
  RESULT="engine $(docker version --format '{{.Server.Version}}'), API $(docker version --format '{{.Server.APIVersion}}')"
}

start_engine() {
  drop_stale_pids
  if [ -d /run/systemd/system ]; then
    quietly systemctl enable --now docker || fail "systemd could not start Docker's engine." "See: journalctl -u docker"
    return
  fi
  if [ -x /etc/init.d/docker ] && quietly service docker start && comes_up 20; then
    return
  fi
  progress "there is no systemd here, so dockerd is started in the background (log: /var/log/nodeyard-dockerd.log)"
  drop_stale_pids
  setsid dockerd >>/var/log/nodeyard-dockerd.log 2>&1 </dev/null &
}

# After a power cut these files name processes that are gone, or other programs'.
drop_stale_pids() {
  local file
  for file in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
    [ -f "$file" ] || continue
    grep -qxE 'dockerd|containerd' "/proc/$(cat "$file")/comm" 2>/dev/null || rm -f "$file"
  done
}

wait_for_engine() {
  comes_up 60 || fail "Docker's engine does not answer at $SOCKET." \
    "See its log: journalctl -u docker, /var/log/docker.log or /var/log/nodeyard-dockerd.log"
}

# comes_up SECONDS
comes_up() {
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
