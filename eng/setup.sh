#!/usr/bin/env bash
# Makes sure that every system package of eng/packages.txt is there. As root it installs what is missing; otherwise it
# prints the one command that does and fails.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

missing=()
while read -r command package; do
    case "$command" in '' | '#'*) continue ;; esac
    command -v "$command" > /dev/null || missing+=("$package")
done < "$here/packages.txt"

[ ${#missing[@]} -gt 0 ] || exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
install="apt-get install -y --no-install-recommends ${missing[*]}"

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    echo "Tests need packages that are not installed: ${missing[*]}" >&2
    echo "Install them, on Debian or Ubuntu with: sudo $install" >&2
    exit 1
fi

echo "Installing ${missing[*]} …" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >&2
$install -qq < /dev/null >&2
