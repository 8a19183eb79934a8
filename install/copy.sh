# shellcheck shell=bash
# Root runs only code that nobody else can change. A checkout that another user can write is copied to CODE_FOLDER first.

# The first act of the installer: continue with the copy, unless nobody but root can write this checkout. Tests, which
# --dev and --tools prepare, use the checkout itself.
leave_others_checkout() {
  [ "$(id -u)" -eq 0 ] && [ -z "$DEV$TOOLS" ] || return 0
  [ "$CHECKOUT" != "$CODE_FOLDER" ] || return 0
  local writer
  writer=$(who_else_writes "$CHECKOUT")
  [ -n "$writer" ] || return 0
  copy_checkout
  echo "Copied $CHECKOUT to $CODE_FOLDER, because others can write $writer. Root runs the copy only." >&2
  echo "To change to newer code: update $CHECKOUT, and run its install.sh again." >&2
  exec bash "$CODE_FOLDER/install.sh" "$@"
}

# who_else_writes FOLDER: a path in it or above it that another user owns or may write, "" if there is none. Nobody can
# rename what root owns in a folder with the sticky bit, such as /tmp.
who_else_writes() {
  local path=$1 found
  found=$(find "$path" -not -type l \( -not -uid "$EUID" -o -perm /002 -o -perm /020 -not -gid 0 \) -print -quit)
  while [ -z "$found" ] && [ "$path" != / ]; do
    path=$(dirname "$path")
    found=$(find "$path" -maxdepth 0 \( -not -uid 0 -not -uid "$EUID" -o -not -perm -1000 \( -perm /002 -o -perm /020 -not -gid 0 \) \))
  done
  printf '%s' "$found"
}

# Plain files and folders only: a link could lead root back into what others write.
copy_checkout() {
  local new=$CODE_FOLDER.new other
  rm -rf "$new"
  (
    umask 022
    mkdir -p "$new"
    tar -C "$CHECKOUT" --exclude=./.venv --exclude=./.cache --exclude=./.git -cf - . |
      tar -C "$new" --no-same-owner --no-same-permissions -xf -
  ) || stop "$CHECKOUT could not be copied to $CODE_FOLDER." "Check that the disk has space for it."
  other=$(find "$new" -not -type f -not -type d -print -quit)
  if [ -n "$other" ]; then
    rm -rf "$new"
    stop "$CHECKOUT${other#"$new"} is neither a file nor a folder, so the checkout is not copied for root." "Remove it."
  fi
  chmod -R go-w "$new"
  put_in_place "$new"
}
