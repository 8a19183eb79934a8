# shellcheck shell=bash
# Python 3.11 or later, .venv with the packages of the lock file, and the commands that run from it.
# Python runs with -I or -P: without them it imports modules from the folder in which the installer was started.

PIP_FILES=(/etc/pip.conf /etc/xdg/pip/pip.conf) # pip's settings for every user of this machine

ensure_environment() {
  local python list=runtime wanted
  [ -z "$DEV" ] || list=dev
  wanted="$list $(sha256sum "$CHECKOUT/requirements/$list.txt" | cut -d ' ' -f 1)"
  if grep -qsxF "$wanted" "$CHECKOUT/.venv/nodeyard" && "$CHECKOUT/.venv/bin/python" -I -c '' 2>>"$LOG"; then
    RESULT="unchanged"
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

# The system's Python, not a version manager's shim: that comes first in PATH and is removed with its user.
find_python() {
  local candidate
  for candidate in /usr/bin/python3 /usr/bin/python3.1{9,8,7,6,5,4,3,2,1} "$(command -v python3 || true)"; do
    if [ -x "$candidate" ] && "$candidate" -I -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s' "$candidate"
      return
    fi
  done
}

# jammy's own python3 is 3.10; its archive has 3.11 beside it.
install_python() {
  ensure_packages python3 python3-venv
  [ -n "$(find_python)" ] || ! package_exists python3.11-venv || ensure_packages python3.11 python3.11-venv
}

# make_environment PYTHON LIST
make_environment() {
  local venv=$CHECKOUT/.venv certificates=/etc/ssl/certs/ca-certificates.crt pip
  UNDO+=(restore_environment)
  rm -rf "$venv.old"
  [ ! -e "$venv" ] || mv "$venv" "$venv.old"
  pip=$(bundled_pip "$1")
  quietly "$1" -I -m venv ${pip:+--without-pip} "$venv" || fail "Python's venv could not be created." "Read the log."
  # pip and uv trust only their own lists of authorities, not those that a company added to the system.
  if [ -z "${PIP_CERT:-}" ] && [ -f "$certificates" ]; then export PIP_CERT=$certificates; fi
  uv_install "$CHECKOUT/requirements/$2.txt" || pip_install -r "$CHECKOUT/requirements/$2.txt" ||
    fail "The Python packages of requirements/$2.txt could not be installed." \
      "Check that the package index can be reached. Without one: pip download them elsewhere, and set PIP_FIND_LINKS and PIP_NO_INDEX."
  rm -rf "$venv/uv"
  chmod -R go-w "$venv" # uv lets everybody write its lock, and root runs no checkout that others can write
  quietly "$venv/bin/python" -I -m compileall -q -j 0 -x '/tests/' "$venv" || true # pip would compile on one processor only
  UNDO=()
  rm -rf "$venv.old"
}

# uv_install LIST: uv fetches packages side by side, in a fifth of pip's time. It reads no settings of pip's, so where
# those name an index or a proxy, and where uv does not come or fails, pip does the work.
uv_install() {
  ! index_is_set && pip_install --retries 1 --no-deps --target "$venv/uv" -r "$CHECKOUT/requirements/uv.txt" &&
    (
      unset "${!UV_@}" # such as UV_TARGET, which puts the packages elsewhere
      quietly env ${PIP_CERT:+SSL_CERT_FILE="$PIP_CERT"} "$venv/uv/bin/uv" --no-config --cache-dir "$venv/uv/cache" \
        pip install --python "$venv/bin/python" --require-hashes --no-deps -r "$1"
    )
}

# Whether pip's settings name an index, none at all, or a proxy.
index_is_set() {
  env | grep -qE '^PIP_(INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|PROXY|TRUSTED_HOST)=' ||
    grep -qsE '^[[:space:]]*(index-url|extra-index-url|no-index|proxy|trusted-host)' \
      "${PIP_FILES[@]}" ~/.config/pip/pip.conf ~/.pip/pip.conf ${PIP_CONFIG_FILE:+"$PIP_CONFIG_FILE"}
}

# pip_install ARGUMENT...: runs the pip in the wheel $pip, or that of $venv when it is empty.
pip_install() {
  quietly env ${pip:+PYTHONPATH="$pip"} "$venv/bin/python" -P -m pip --disable-pip-version-check install --no-compile --require-hashes "$@"
}

# bundled_pip PYTHON: the pip wheel that the distribution's venv brings. Running pip from it saves installing it; "" where
# there is none, and with --dev, where people expect a pip in .venv.
bundled_pip() {
  local wheel
  for wheel in /usr/share/python-wheels/pip-*.whl; do
    if [ -z "$DEV" ] && [ -f "$wheel" ] && [[ $1 == /usr/bin/* ]]; then printf '%s' "$wheel"; fi
    return 0
  done
}

restore_environment() {
  rm -rf "$CHECKOUT/.venv"
  [ ! -e "$CHECKOUT/.venv.old" ] || mv "$CHECKOUT/.venv.old" "$CHECKOUT/.venv"
}

# Link `manage` and compose where a shell and the docker client find them, unless another program has that place.
ensure_commands() {
  RESULT=$(in_checkout manage.host.commands install 2>>"$LOG")
}

set_up() {
  STEP="Setting up"
  # Its output goes to the terminal only: it may contain the first password.
  "$CHECKOUT/.venv/bin/manage" setup --dir "$DIR" "${SETUP[@]}" 2> >(tee -a "$LOG" >&2) || {
    REPORTED=yes
    exit 1
  }
}

ensure_unit() {
  RESULT=$(in_checkout manage.host.unit install --dir "$DIR" ${START:+--enable} 2>>"$LOG")
}

# in_checkout MODULE ARGUMENT...
in_checkout() { PYTHONPATH=$CHECKOUT "$CHECKOUT/.venv/bin/python" -Xutf8 -P -m "$@"; }
