# shellcheck shell=bash
# What the person sees, the log, and what is undone when a step fails.

LOG=""
STEP=""      # the current step
RESULT=""    # what the step reports when it is done
REPORTED=""  # set once an error was printed as a sentence
UNDO=()      # functions that undo what is half done, run in reverse order when the installer fails

open_log() {
  LOG=$(mktemp "${TMPDIR:-/tmp}/nodeyard-install.XXXXXX")
  trap 'on_exit $?' EXIT
  trap 'exit 130' INT TERM
}

# step TITLE FUNCTION: run it, then one line with the time since the start.
step() {
  STEP=$1 RESULT=""
  printf '%5s s  == %s\n' "$SECONDS" "$STEP" >>"$LOG"
  if [ -t 2 ]; then printf '%5s s  %s ...' "$SECONDS" "$STEP" >&2; fi
  "$2"
  progress "${RESULT:-done}"
}

# A line about the current step; on a terminal it replaces "...".
progress() {
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
  printf '%5s s  %s: %s\n' "$SECONDS" "$STEP" "$1" | tee -a "$LOG" >&2
}

# Run a command with its output in the log and without input.
quietly() {
  printf '+ %s\n' "$*" >>"$LOG"
  "$@" >>"$LOG" 2>&1 </dev/null
}

# fail SENTENCE WHAT-TO-DO
fail() {
  REPORTED=yes
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
  printf 'error: %s\n       %s\n' "$1" "$2" | tee -a "$LOG" >&2
  exit 1
}

finish() {
  STEP=Done
  progress "${1:-$SECONDS s}"
  exit 0
}

on_exit() {
  local status=$1 index
  trap - EXIT INT TERM
  if [ "$status" -ne 0 ]; then
    for ((index = ${#UNDO[@]} - 1; index >= 0; index--)); do
      "${UNDO[index]}" >>"$LOG" 2>&1 || true
    done
    if [ "$status" -eq 130 ]; then
      printf '\nInterrupted. What was half done is undone; run it again to continue.\n' >&2
    elif [ -z "$REPORTED" ]; then
      printf 'error: %s failed. The last lines of its output:\n%s\n' "${STEP:-The installer}" "$(tail -n 8 "$LOG")" >&2
    fi
  fi
  keep_log "$status"
  [ "$status" -eq 0 ] || printf '       The whole log: %s\n' "$LOG" >&2
  exit "$status"
}

# Move the log into the installation. Without one, delete it after a success and keep it after a failure; a purge also
# deletes the logs of earlier failures.
keep_log() {
  if [ -n "$PURGE" ] && [ "$1" -eq 0 ]; then
    rm -f "${TMPDIR:-/tmp}"/nodeyard-install.*
  elif [ -d "$DIR" ]; then
    mkdir -p "$DIR/log"
    cat "$LOG" >>"$DIR/log/install.log"
    rm -f "$LOG"
    LOG=$DIR/log/install.log
  elif [ "$1" -eq 0 ]; then
    rm -f "$LOG"
  fi
}
