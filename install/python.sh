# shellcheck shell=bash
# Python 3.11 or later, .venv with what the lock file names, and the commands made of it.

have_environment() {
  local python list=runtime wanted
  [ -z "$DEV" ] || list=dev
  wanted="$list $(sha256sum "$CHECKOUT/requirements/$list.txt" | cut -d ' ' -f 1)"
  if grep -qsxF "$wanted" "$CHECKOUT/.venv/nodeyard" && "$CHECKOUT/.venv/bin/python" -c '' 2>>"$LOG"; then
    RESULT="as it is"
    return
  fi
  python=$(find_python)
  if [ -z "$python" ]; then
    install_python
    python=$(find_python)
    [ -n "$python" ] || fail "This system has no Python 3.11 or later with venv." "Use Debian 12 or later, or Ubuntu 22.04 or later."
  fi
  progress "making .venv with $("$python" --version)"
  make_environment "$python" "$list"
  # Everything of `runtime` is in `dev` too: going back to the smaller list needs no new environment.
  {
    printf '%s\n' "$wanted"
    [ -z "$DEV" ] || printf 'runtime %s\n' "$(sha256sum "$CHECKOUT/requirements/runtime.txt" | cut -d ' ' -f 1)"
  } >"$CHECKOUT/.venv/nodeyard"
  RESULT=".venv made of requirements/$list.txt, every package checked against its hash"
}

# The system's Python rather than a version manager's shim, which is first in PATH where there is one, and goes with its user.
find_python() {
  local candidate
  for candidate in /usr/bin/python3 /usr/bin/python3.1{9,8,7,6,5,4,3,2,1} "$(command -v python3 || true)"; do
    if [ -x "$candidate" ] && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s' "$candidate"
      return
    fi
  done
}

# jammy's own python3 is 3.10; its archive has 3.11 beside it.
install_python() {
  have_packages python3 python3-venv
  [ -n "$(find_python)" ] || ! exists_package python3.11-venv || have_packages python3.11 python3.11-venv
}

# make_environment PYTHON LIST
make_environment() {
  local venv=$CHECKOUT/.venv certificates=/etc/ssl/certs/ca-certificates.crt
  UNDO+=(restore_environment)
  rm -rf "$venv.old"
  [ ! -e "$venv" ] || mv "$venv" "$venv.old"
  quietly "$1" -m venv "$venv" || fail "Python's venv could not be made." "See the log."
  # pip trusts its own list of authorities only, not those that a company added to the system.
  if [ -z "${PIP_CERT:-}" ] && [ -f "$certificates" ]; then export PIP_CERT=$certificates; fi
  quietly "$venv/bin/python" -m pip --disable-pip-version-check install --require-hashes -r "$CHECKOUT/requirements/$2.txt" ||
    fail "The Python packages of requirements/$2.txt could not be installed." \
      "Is the package index reachable from here? Without one: pip download them elsewhere, and set PIP_FIND_LINKS and PIP_NO_INDEX."
  UNDO=()
  rm -rf "$venv.old"
}

restore_environment() {
  rm -rf "$CHECKOUT/.venv"
  [ ! -e "$CHECKOUT/.venv.old" ] || mv "$CHECKOUT/.venv.old" "$CHECKOUT/.venv"
}

# `manage` and compose where a shell and the docker client look for them, if nobody else is there.
have_commands() {
  RESULT=$(in_checkout manage.host.commands install 2>>"$LOG")
}

set_up() {
  STEP="Setting up"
  # Its result goes to the terminal alone: it may hold the first password.
  "$CHECKOUT/.venv/bin/manage" setup --dir "$DIR" "${SETUP[@]}" 2> >(tee -a "$LOG" >&2) || {
    SAID=yes
    exit 1
  }
}

have_unit() {
  RESULT=$(in_checkout manage.host.unit install --dir "$DIR" ${START:+--enable} 2>>"$LOG")
}

# in_checkout MODULE ARGUMENT...
in_checkout() { PYTHONPATH=$CHECKOUT "$CHECKOUT/.venv/bin/python" -m "$@"; }
