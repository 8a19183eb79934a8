# shellcheck shell=bash
# What the machine must have. The numbers are for the sandbox; `manage setup` checks what the chosen profiles need.

LEAST_MEMORY_KB=2800000 # an idle sandbox takes up to 2.5 GB
LEAST_DISK_KB=6000000   # engine, images and an empty stack

require_root() {
  [ "$(id -u)" -eq 0 ] || fail "The installer needs root." "Run it with sudo: sudo $(printf %q "$CHECKOUT")/install.sh"
}

# Other characters are quoted where they have a meaning. A colon ends a path in PATH, PYTHONPATH and the engine's mounts.
require_usable_paths() {
  local path
  for path in "$CHECKOUT" "$DIR"; do
    [[ $path != *[:[:cntrl:]]* ]] ||
      fail "The path $(printf %q "$path") holds a colon or a control character, which ends a path in many places." "Use another folder."
  done
}

check_machine() {
  local name memory_kb disk_kb
  require_usable_paths
  name_proxies
  name=$(os_release PRETTY_NAME)
  [ "$(uname -s)" = Linux ] && command -v apt-get >/dev/null && [ -n "$name" ] ||
    fail "This is ${name:-$(uname -s)}; the installer supports Debian and Ubuntu." "Use Debian 12 or later, or Ubuntu 22.04 or later."
  case "$(uname -m)" in
    x86_64 | aarch64) ;;
    *) fail "This machine is $(uname -m); the images are made for x86_64 and aarch64." "Use another machine." ;;
  esac
  root_is_the_hosts || fail "This is an unprivileged container: its root is not the host's, so Docker cannot work in it." \
    "Use a virtual machine, or a privileged container."
  memory_kb=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)
  [ "$memory_kb" -ge "$LEAST_MEMORY_KB" ] ||
    fail "This machine has $((memory_kb / 1000)) MB of memory; the sandbox needs $((LEAST_MEMORY_KB / 1000))." "Give it more memory."
  disk_kb=$(free_kb "$DIR")
  if ! is_installed; then
    [ "$disk_kb" -ge "$LEAST_DISK_KB" ] ||
      fail "$(nearest_folder "$DIR") has $((disk_kb / 1000)) MB free; a first installation needs $((LEAST_DISK_KB / 1000))." \
        "Free some space, or choose another disk with --dir."
    has_network || fail "This machine has no network: it has neither a default route nor a proxy." \
      "Connect it, because the installer fetches packages. If a proxy leads out: sudo http_proxy=URL https_proxy=URL ./install.sh"
  fi
  RESULT="$name, $(nproc) CPUs, $((memory_kb / 1000)) MB memory, $((disk_kb / 1000000)) GB free"
}

# os_release KEY
os_release() {
  # shellcheck source=/dev/null
  (. /etc/os-release 2>/dev/null && printf '%s' "${!1:-}")
}

# Whether uid 0 is also uid 0 of the host. In an unprivileged LXC container it is not.
root_is_the_hosts() {
  local inside outside count
  read -r inside outside count </proc/self/uid_map
  [ "$inside $outside" = "0 0" ] && [ "$count" -gt 65536 ]
}

is_installed() { [ -f "$DIR/installation.json" ]; }

nearest_folder() {
  local path=$1
  while [ ! -d "$path" ]; do path=$(dirname "$path"); done
  printf '%s' "$path"
}

free_kb() { df -Pk "$(nearest_folder "$1")" | awk 'NR == 2 { print $4 }'; }

# apt reads the names of proxies in lower case only; a shell's profile may have the others.
name_proxies() {
  local name upper
  for name in http_proxy https_proxy no_proxy; do
    upper=${name^^}
    [ -n "${!name:-}" ] || [ -z "${!upper:-}" ] || export "$name=${!upper}"
  done
}

has_network() {
  [ -n "${http_proxy:-}${https_proxy:-}" ] ||
    awk '$2 == "00000000" { found = 1 } END { exit !found }' /proc/net/route ||
    [ -s /proc/net/ipv6_route ] && grep -q '^0\{32\} 00 ' /proc/net/ipv6_route
}

# --- packages of the distribution --------------------------------------------------------------------------------------

UPDATED=""
APT_WAIT_S=900

# What the next steps need, in one transaction: curl to reach Docker's repository, Python for .venv.
ensure_basic_packages() {
  local wanted=()
  command -v curl >/dev/null || wanted+=(ca-certificates curl)
  [ -n "$(find_python)" ] || wanted+=(python3 python3-venv)
  [ ${#wanted[@]} -eq 0 ] || ensure_packages "${wanted[@]}"
}

# ensure_packages NAME...: install those that are missing.
ensure_packages() {
  local name missing=()
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  update_packages
  apt_get install -y --no-install-recommends "${missing[@]}" ||
    fail "The packages ${missing[*]} could not be installed." "Read what apt says in the log, and check that the package archive can be reached."
}

update_packages() {
  [ -z "$UPDATED" ] || return 0
  apt_get update || progress "apt-get update failed; trying with the existing package lists"
  UPDATED=yes
}

# package_exists NAME: whether the distribution has it.
package_exists() { apt-cache show --no-all-versions "$1" >/dev/null 2>&1; }

# apt_get ARGUMENT...: waits while another apt is at work, as cloud-init's at the first boot and unattended-upgrades are.
# apt itself waits for dpkg's lock only, not for those of the package lists and of its cache.
apt_get() {
  local end=$((SECONDS + APT_WAIT_S)) size locked="" said=""
  while :; do
    size=$(wc -c <"$LOG")
    quietly env LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a apt-get -o DPkg::Lock::Timeout=10 "$@" && return
    locked=$(tail -c +"$((size + 1))" "$LOG" | grep -m 1 '^E: Could not get lock') && [ "$SECONDS" -lt "$end" ] || return 1
    [ "$locked" = "$said" ] || progress "waiting for another apt: ${locked#E: }"
    said=$locked
    sleep 2
  done
}
