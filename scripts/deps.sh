#!/bin/sh
# deps.sh BINARY:PACKAGE... installs the Debian packages whose binary is missing.
# A binary that is still missing afterwards is an error, never a skipped test.
set -eu
PATH=$PATH:/usr/sbin:/sbin
want=
for pair in "$@"; do
	command -v "${pair%%:*}" >/dev/null 2>&1 || want="$want ${pair##*:}"
done
[ -n "$want" ] || exit 0
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing:$want"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086 # a list of names
$sudo apt-get install -y -qq --no-install-recommends $want >/dev/null
for pair in "$@"; do
	command -v "${pair%%:*}" >/dev/null 2>&1 || { echo "deps: ${pair%%:*} is still missing; install the package ${pair##*:}" >&2; exit 1; }
done
