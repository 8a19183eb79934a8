#!/usr/bin/env bash
# Nodeyard's installer: it prepares Docker and Python, then runs `manage setup`. Read it from the bottom: `main` is the table
# of contents, and the steps are in install/*.sh.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: ./install.sh [OPTIONS]          as root or with sudo; safe to run again at any time
       bash -s -- --source URL|TAR.GZ|FOLDER [OPTIONS] < install.sh

  --profile NAME      what to deploy [sandbox]; may be given more than once (manage profiles lists them)
  --network NAME      mainnet, testnet, private or sandbox; the profile's own if left out
  --dir DIR           the folder of the installation [/var/lib/nodeyard]
  --port-base PORT    the first of its ports on this host [8600]
  --yes               use the defaults and ask nothing
  --no-start          build everything, start nothing
  --dev               also install what the tests need in .venv
  --tools             only Docker, compose and .venv; create no installation
  --source WHERE      first fetch the code (from a .git address, an http address of a tar.gz, a tar.gz or a folder)
                      into /opt/nodeyard
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
SOURCE="" DEV="" TOOLS="" START=yes UNINSTALL="" PURGE="" YES=""

parse_options() {
  while [ $# -gt 0 ]; do
    local option=$1 value=""
    case "$option" in
      --profile | --network | --port-base | --dir | --source)
        [ $# -ge 2 ] && [[ $2 != --* ]] || wrong_usage "$option needs a value."
        value=$2
        shift
        ;;
    esac
    case "$option" in
      --profile | --network | --port-base) SETUP+=("$option" "$value") ;;
      --dir) [[ $value == /* ]] && DIR=$value || DIR=$PWD/$value ;;
      --source) SOURCE=$value ;;
      --yes) SETUP+=(--yes) && YES=yes ;;
      --no-start) SETUP+=(--no-start) && START="" ;;
      --dev) DEV=yes ;;
      --tools) TOOLS=yes ;;
      --uninstall) UNINSTALL=yes ;;
      --purge) PURGE=yes ;;
      --help | -h) usage && exit 0 ;;
      *) wrong_usage "There is no option $option." ;;
    esac
    [ "$option" = --source ] || PASSED+=("$option" ${value:+"$value"})
    shift
  done
  [ -z "$PURGE" ] || [ -n "$UNINSTALL" ] || wrong_usage "--purge works only with --uninstall."
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
  local new=$CODE_FOLDER.new old=$CODE_FOLDER.old
  [ "$(id -u)" -eq 0 ] || stop "The installer needs root." "Run it with sudo: sudo bash -s -- --source WHERE < install.sh"
  rm -rf "$new" "$old"
  mkdir -p "$new"
  trap 'rm -rf "$CODE_FOLDER.new"' EXIT
  fetch "$SOURCE" "$new" || stop "The code could not be fetched from $SOURCE." "Check the address, and that this host can reach it."
  [ -f "$new/install.sh" ] || stop "$SOURCE is not Nodeyard: it has no install.sh." "Give a checkout, a tar.gz of one, or its git address."
  if [ -d "$CODE_FOLDER" ]; then
    [ ! -d "$CODE_FOLDER/.venv" ] || mv "$CODE_FOLDER/.venv" "$new/.venv"
    mv "$CODE_FOLDER" "$old"
  fi
  mv "$new" "$CODE_FOLDER"
  rm -rf "$old"
  trap - EXIT
  echo "The code is in $CODE_FOLDER."
  exec bash "$CODE_FOLDER/install.sh" "$@" </dev/null
}

# fetch WHERE FOLDER
fetch() {
  case "$1" in
    *.git) git clone --quiet --depth 1 "$1" "$2" ;;
    http://* | https://*) download "$1" | unpack "$2" ;;
    *) if [ -d "$1" ]; then tar -C "$1" --exclude=./.venv --exclude=./.cache -cf - . | tar -C "$2" -xf -; else unpack "$2" <"$1"; fi ;;
  esac
}

# A minimal system has neither curl nor wget; apt can install them.
download() {
  if command -v curl >/dev/null; then
    curl -fsSL --connect-timeout 15 --max-time 300 "$1"
  elif command -v wget >/dev/null; then
    wget -q -T 300 -O - "$1"
  else
    { apt-get update && apt-get install -y --no-install-recommends ca-certificates curl; } >&2 </dev/null && curl -fsSL --connect-timeout 15 --max-time 300 "$1"
  fi
}

# A tar.gz of the code, or of one folder that contains it (as `git archive --prefix` and hosting sites make them).
unpack() {
  tar -C "$1" -xzf - || return
  local inner
  inner=$(find "$1" -mindepth 2 -maxdepth 2 -name install.sh -printf '%h' -quit)
  if [ ! -f "$1/install.sh" ] && [ -n "$inner" ]; then
    find "$inner" -mindepth 1 -maxdepth 1 -exec mv -t "$1" {} +
    rmdir "$inner"
  fi
}

stop() {
  printf 'error: %s\n       %s\n' "$1" "$2" >&2
  exit 1
}

# --- table of contents ---------------------------------------------------------------------------------------------------

main() {
  parse_options "$@"
  CHECKOUT=$(own_folder)
  [ -z "$SOURCE" ] || continue_from_source "${PASSED[@]}"
  [ -n "$CHECKOUT" ] || wrong_usage "The installer came through a pipe, so it needs --source URL, TAR.GZ or FOLDER."

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
