# usage.sh - sourced by scripts that users run: --help is the comment at the script's head, and what
# is wrong is one line and status 2, before anything is installed or built.

help_and_exit() {
	sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
	exit 0
}

# bad_usage WORD [WHAT] - an option nobody knows, or what is wrong with it
bad_usage() {
	echo "${0##*/}: $1: ${2:-unknown option}, see --help" >&2
	exit 2
}
