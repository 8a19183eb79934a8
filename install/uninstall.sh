# shellcheck shell=bash
# Remove what belongs to Nodeyard and nothing else. Docker stays.

uninstall() {
  if is_installed; then
    step "Docker's engine" ensure_running_engine
    [ -x "$CHECKOUT/.venv/bin/manage" ] || step "Python environment" ensure_environment
    take_down
  fi
  [ ! -x "$CHECKOUT/.venv/bin/python" ] || step "Start at boot" remove_unit
  if others_remain; then
    STEP=Done
    progress "another installation still uses $CHECKOUT/.venv and the manage command, so both stay"
    exit 0
  fi
  [ ! -x "$CHECKOUT/.venv/bin/python" ] || step "Commands" remove_commands
  rm -rf "$CHECKOUT/.venv"
  [ "$CHECKOUT" != "$CODE_FOLDER" ] || rm -rf "$CODE_FOLDER"
  finish "Nodeyard is removed from this machine${PURGE:+ with its data}; Docker itself stays"
}

take_down() {
  STEP="Taking down"
  "$CHECKOUT/.venv/bin/manage" uninstall --dir "$DIR" ${PURGE:+--purge} ${YES:+--yes} 2> >(tee -a "$LOG" >&2) || {
    REPORTED=yes
    exit 1
  }
}

remove_unit() { RESULT=$(in_checkout manage.host.unit remove --dir "$DIR" 2>>"$LOG"); }

remove_commands() { RESULT=$(in_checkout manage.host.commands remove 2>>"$LOG"); }

# Whether containers of any installation are left on this engine.
others_remain() { engine_answers && [ -n "$(docker ps -aq --filter label=io.nodeyard.installation)" ]; }
