#!/usr/bin/env bash
# Makes sure that every system package of eng/packages.txt is there, and the machine's package index, which the
# import test of the bookstore reads. As root it installs what is missing; otherwise it prints the one command that
# does, and fails.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

missing=()
while read -r command package; do
    case "$command" in '' | '#'*) continue ;; esac
    case "$command" in
        /*) compgen -G "$command" > /dev/null ;;
        *) command -v "$command" > /dev/null ;;
    esac || missing+=("$package")
done < "$here/packages.txt"

[ ${#missing[@]} -eq 0 ] || mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
install="apt-get install -y --no-install-recommends ${missing[*]}"
[ ${#missing[@]} -gt 0 ] || install=""

# A machine's own index has tens of thousands of packages; without lists only the installed ones are known.
update=""
if command -v apt-cache > /dev/null; then
    known="$(apt-cache stats 2> /dev/null | sed -n 's/^Total package names: \([0-9]*\).*/\1/p')"
    [ "${known:-0}" -ge 20000 ] || update="apt-get update"
fi
[ -n "$install$update" ] || exit 0
commands="${update}${update:+${install:+ && }}${install}"

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    [ -z "$install" ] || echo "Tests need packages that are not installed: ${missing[*]}" >&2
    [ -z "$update" ] || echo "Tests read the machine's package index, which is empty." >&2
    echo "On Debian or Ubuntu: sudo sh -c '$commands'" >&2
    exit 1
fi

echo "$commands …" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq < /dev/null >&2
[ -z "$install" ] || $install -qq < /dev/null >&2
