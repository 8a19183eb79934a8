# shellcheck shell=bash
# The program that writes the firewall rule. Its service, whose default file would remove Docker's rules, stays off.

ensure_nft() {
  if ! command -v nft >/dev/null; then
    update_packages
    quietly apt_get install -y --no-install-recommends nftables || true
  fi
  RESULT=$(nft --version 2>>"$LOG") || RESULT="there is no nft, so manage up cannot write its firewall rule (package nftables)"
}
