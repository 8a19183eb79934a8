#!/usr/bin/env bash
# Nodeyard's installer: it prepares Docker and Python, then runs `manage setup`. Read it from the bottom: `main` is the table
# of contents, and the steps are in install/*.sh.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: ./install.sh [OPTIONS]          as root or with sudo; safe to run again at any time
       bash -s -- --source WHERE [OPTIONS] < install.sh

  --profile NAME      what to deploy [sandbox]; may be given more than once (manage profiles lists them)
  --network NAME      mainnet, testnet, private or sandbox; the profile's own if left out
  --dir DIR           the folder of the installation [/var/lib/nodeyard]
  --port-base PORT    the first of its ports on this host [8600]
  --yes               use the defaults and ask nothing
  --no-start          build everything, start nothing
  --dev               also install what the tests need in .venv
  --tools             only Docker, compose and .venv; create no installation
  --source WHERE      first fetch the code (from an https address of a tar.gz, a .git address, a tar.gz or a folder)
                      into /opt/nodeyard
  --sha256 SUM, --commit COMMIT   the sum of that tar.gz, the full commit of that .git address; an address needs it
  --uninstall         stop and remove what is running; data, configuration and Docker stay
  --purge             with --uninstall: also remove data, configuration and images (lists them and asks first)
  --help              show this text

Examples:
  sudo ./install.sh
  sudo ./install.sh --profile bitcoin --profile core --network private --dir /srv/nodes --port-base 8700
  sudo ./install.sh --uninstall --purge

Root runs no code that another user can change: such a checkout is first copied to /opt/nodeyard.
EOF
}

CODE_FOLDER=${NODEYARD_CODE_FOLDER:-/opt/nodeyard}
DIR=/var/lib/nodeyard
SETUP=()  # options for `manage setup`
PASSED=() # options for the install.sh of a fetched source
SOURCE="" SHA256="" COMMIT="" DEV="" TOOLS="" START=yes UNINSTALL="" PURGE="" YES=""

parse_options() {
  while [ $# -gt 0 ]; do
    local option=$1 value=""
    case "$option" in
      --profile | --network | --port-base | --dir | --source | --sha256 | --commit)
        [ $# -ge 2 ] && [[ $2 != --* ]] || wrong_usage "$option needs a value."
        value=$2
        shift
        ;;
    esac
    case "$option" in
      --profile | --network | --port-base) SETUP+=("$option" "$value") ;;
      --dir) [[ $value == /* ]] && DIR=$value || DIR=$PWD/$value ;;
      --source) SOURCE=$value ;;
      --sha256) SHA256=${value,,} ;; --commit) COMMIT=${value,,} ;;
      --yes) SETUP+=(--yes) && YES=yes ;;
      --no-start) SETUP+=(--no-start) && START="" ;;
      --dev) DEV=yes ;; --tools) TOOLS=yes ;;
      --uninstall) UNINSTALL=yes ;; --purge) PURGE=yes ;;
      --help | -h) usage && exit 0 ;;
      *) wrong_usage "There is no option $option." ;;
    esac
    [[ $option =~ ^--(source|sha256|commit)$ ]] || PASSED+=("$option" ${value:+"$value"})
    shift
  done
  [ -z "$SOURCE$SHA256$COMMIT" ] || require_pinned
  [ -z "$PURGE" ] || [ -n "$UNINSTALL" ] || wrong_usage "--purge works only with --uninstall."
}

# Root runs what is fetched, so the person says what it is: a sum or a commit, which no server can change.
require_pinned() {
  local loopback='^http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?/'
  [[ ! $SOURCE =~ ^(http|git|ftp):// || $SOURCE =~ $loopback ]] || wrong_usage "$SOURCE is not encrypted; --source wants https or ssh."
  case "$SOURCE" in
    "") wrong_usage "--sha256 and --commit work only with --source." ;;
    *.git) [[ $COMMIT =~ ^[0-9a-f]{40}$ && -z $SHA256 ]] || wrong_usage "$SOURCE needs --commit and the 40 digits of a commit." ;;
    http://* | https://*) [[ $SHA256 ]] || wrong_usage "$SOURCE needs --sha256 and the sum of that file." ;;
  esac
  [[ $SOURCE == *.git || -z $COMMIT ]] || wrong_usage "--commit works only with a .git address."
  [[ $SHA256 =~ ^([0-9a-f]{64})?$ ]] || wrong_usage "The sum of --sha256 has 64 hexadecimal digits."
  [[ ! -d $SOURCE || -z $SHA256 ]] || wrong_usage "$SOURCE is a folder, which has no sum."
}

wrong_usage() {
  printf 'error: %s\n       Try: ./install.sh --help\n' "$1" >&2
  exit 64
}

# The folder of this file; "" when it came through a pipe.
own_folder() {
  local file=${BASH_SOURCE[0]:-}
  [ -f "$file" ] && (cd "$(dirname "$file")" && pwd) || true
}

# --- fetching the code, when it is not in the folder of this file -----------------------------------------------------

# Put the code into CODE_FOLDER and continue with its install.sh. An earlier .venv is kept.
continue_from_source() {
  local new=$CODE_FOLDER.new
  [ "$(id -u)" -eq 0 ] || stop "The installer needs root." "Run it with sudo: sudo bash -s -- --source WHERE < install.sh"
  rm -rf "$new" && mkdir -p "$new"
  trap 'rm -rf "$CODE_FOLDER.new" "$CODE_FOLDER.tar.gz"' EXIT
  fetch "$SOURCE" "$new" || stop "The code could not be fetched from $SOURCE." "Check the address, and that this host can reach it."
  [ -f "$new/install.sh" ] || stop "$SOURCE is not Nodeyard: it has no install.sh." "Give a checkout, a tar.gz of one, or its git address."
  put_in_place "$new"
  echo "The code is in $CODE_FOLDER."
  exec bash "$CODE_FOLDER/install.sh" "$@" </dev/null
}

put_in_place() { # FOLDER: it becomes CODE_FOLDER and takes over the .venv of the one before.
  rm -rf "$CODE_FOLDER.old"
  [ ! -d "$CODE_FOLDER/.venv" ] || mv "$CODE_FOLDER/.venv" "$1/.venv"
  [ ! -d "$CODE_FOLDER" ] || mv "$CODE_FOLDER" "$CODE_FOLDER.old"
  mv "$1" "$CODE_FOLDER" && rm -rf "$CODE_FOLDER.old" "$CODE_FOLDER.tar.gz"
}

fetch() { # WHERE FOLDER
  local archive=$CODE_FOLDER.tar.gz
  case "$1" in
    *.git) check_out "$1" "$2" && return ;;
    http://* | https://*) download "$1" >"$archive" ;;
    *) if [ -d "$1" ]; then tar -C "$1" --exclude=./.venv --exclude=./.cache -cf - . | tar -C "$2" -xf - && return; else cat "$1" >"$archive"; fi ;;
  esac && require_sum "$archive" && unpack "$archive" "$2"
}

check_out() { # ADDRESS FOLDER: only the commit that was named; a server that gives no single commits gives all of them.
  need git
  git -C "$2" init --quiet &&
    { git -C "$2" fetch --quiet --depth 1 -- "$1" "$COMMIT" 2>/dev/null || git -C "$2" fetch --quiet --tags -- "$1" '+refs/*:refs/fetched/*'; } &&
    git -C "$2" -c advice.detachedHead=false checkout --quiet "$COMMIT" &&
    [ "$(git -C "$2" rev-parse HEAD)" = "$COMMIT" ]
}

require_sum() {
  local sum && sum=$(sha256sum <"$1") || return
  [ -z "$SHA256" ] || [ "${sum%% *}" = "$SHA256" ] ||
    stop "$SOURCE is not the file that --sha256 names: its sum is ${sum%% *}." "Compare both sums with those of the release. Nothing was unpacked."
}

download() {
  local protocols='=https'
  [[ $1 == https://* ]] || protocols='=http,https'
  need curl && curl -fsSL --proto "$protocols" --proto-redir "$protocols" --connect-timeout 15 --max-time 300 "$1"
}

need() { # PROGRAM: a minimal system has neither curl nor git, and at the first boot another apt is at work
  command -v "$1" >/dev/null && return
  local end=$((SECONDS + 900)) said
  until said=$(LC_ALL=C apt-get update 2>&1) || [[ $said != *"Could not get lock"* || $SECONDS -ge $end ]]; do sleep 2; done
  apt-get -o DPkg::Lock::Timeout=900 install -y --no-install-recommends ca-certificates "$1" >&2 </dev/null
}

unpack() { # ARCHIVE FOLDER: a tar.gz of the code, or of one folder that contains it (`git archive --prefix`, hosting sites)
  tar -C "$2" -xzf "$1" || return
  local inner
  inner=$(find "$2" -mindepth 2 -maxdepth 2 -name install.sh -printf '%h' -quit)
  if [ ! -f "$2/install.sh" ] && [ -n "$inner" ]; then
    find "$inner" -mindepth 1 -maxdepth 1 -exec mv -t "$2" {} +
    rmdir "$inner"
  fi
}

stop() {
  printf 'error: %s\n       %s\n' "$1" "$2" >&2
  exit 1
}

# --- table of contents ---------------------------------------------------------------------------------------------------

main() {
  umask 022 # what it installs is for every user of this machine; what is secret gets a mode of its own
  parse_options "$@"
  CHECKOUT=$(own_folder)
  [ -z "$SOURCE" ] || continue_from_source "${PASSED[@]}"
  [ -n "$CHECKOUT" ] || wrong_usage "The installer came through a pipe, so it needs --source with an address, a tar.gz or a folder."
  . "$CHECKOUT/install/copy.sh"
  leave_others_checkout "${PASSED[@]}"
  . "$CHECKOUT/install/console.sh"
  . "$CHECKOUT/install/machine.sh"
  . "$CHECKOUT/install/docker.sh"
  . "$CHECKOUT/install/firewall.sh"
  . "$CHECKOUT/install/python.sh"
  . "$CHECKOUT/install/uninstall.sh"
  open_log
  require_root
  [ -z "$UNINSTALL" ] || uninstall # and ends here

  step "This machine" check_machine
  step "Docker" ensure_docker
  step "Docker's engine" ensure_running_engine
  step "Firewall" ensure_nft
  step "Python environment" ensure_environment
  step "Commands" ensure_commands
  [ -z "$TOOLS" ] || finish "Docker, compose and $CHECKOUT/.venv are ready."
  set_up
  step "Start at boot" ensure_unit
  finish
}

main "$@"
