# What the launcher says: steps with elapsed time, failures with their remedy.

BOLD='' DIM='' RED='' GREEN='' OFF=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' OFF=$'\e[0m'
fi

say() { printf '%s\n' "$*"; }

# die WHAT REMEDY: ends with one clear message.
die() {
  printf '%s✗ %s%s\n' "$RED" "$1" "$OFF" >&2
  [ -n "${2:-}" ] && printf '  → %s\n' "$2" >&2
  exit 1
}

# step TITLE COMMAND…: runs it with its output in a log, shows the time it takes, and the log's end if it fails.
# A line of the command that starts with "· " is progress and is shown.
step() {
  local title=$1 log started=$SECONDS
  shift
  mkdir -p "$BUILD/logs"
  log="$BUILD/logs/$(printf '%s' "$title" | tr -cs 'A-Za-z0-9' '-').log"
  printf '%s▸ %s%s\n' "$BOLD" "$title" "$OFF"
  if "$@" > >(tee "$log" | show_progress "$started") 2>"$log.err"; then
    printf '  %sdone in %s s%s\n' "$DIM" "$((SECONDS - started))" "$OFF"
  else
    local rc=$?
    printf '%s  failed after %s s%s\n' "$RED" "$((SECONDS - started))" "$OFF" >&2
    tail -n 30 "$log" "$log.err" >&2
    die "$title failed (exit $rc)" "the whole log: $log and $log.err"
  fi
}

show_progress() {
  local started=$1 line
  while IFS= read -r line; do
    case "$line" in
      '· '*) printf '  %s  %s(%s s)%s\n' "$line" "$DIM" "$((SECONDS - started))" "$OFF" ;;
    esac
  done
}

# become_root VERB ARGS…: namespaces, taps and templates need root; says so and starts again with sudo.
become_root() {
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null || die "'$1' needs root: microVMs live in network namespaces of their own" "run it as root"
  say "'$1' needs root for network namespaces, taps and disk images; starting again with sudo"
  exec sudo --preserve-env=DECLAW_HOME,DECLAW_CACHE,DECLAW_LISTEN,JAVA_HOME,NO_COLOR -- "$ROOT/declaw" "$@"
}
