#!/bin/sh
# deps.sh BINARY:PACKAGE... python/MODULE:PACKAGE... installs the Debian packages
# whose binary, or module of Debian's Python, is missing. What is still missing
# afterwards is an error, never a skipped test.
set -eu
PATH=$PATH:/usr/sbin:/sbin
have() {
	case $1 in
	python/*) /usr/bin/python3 -c "import ${1#python/}" >/dev/null 2>&1 ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}
want=
for pair in "$@"; do
	have "${pair%%:*}" || want="$want ${pair##*:}"
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
	have "${pair%%:*}" || { echo "deps: ${pair%%:*} is still missing; install the package ${pair##*:}" >&2; exit 1; }
done
