#!/bin/sh
# declaw: a shell script with a jar behind it. The first start leaves a start-up cache for the next ones in
# ${XDG_CACHE_HOME:-~/.cache}/declaw; it is made again when this file or the JDK changes. DECLAW_NO_CACHE=1 does without.
self=$0
case $self in */*) ;; *) self=$(command -v -- "$self") ;; esac
self=$(readlink -f -- "$self" 2>/dev/null || printf %s "$self")
java=${DECLAW_JAVA:-${JAVA_HOME:+$JAVA_HOME/bin/java}}
if [ -z "$java" ] || [ ! -x "$java" ]; then
  java=
  for candidate in /usr/lib/jvm/*25*/bin/java /usr/lib/jvm/*21*/bin/java /usr/lib/jvm/*17*/bin/java; do
    if [ -x "$candidate" ]; then java=$candidate; break; fi
  done
  [ -n "$java" ] || java=$(command -v java) || {
    echo "declaw needs Java 17 or newer: install a JDK, or set DECLAW_JAVA" >&2
    exit 1
  }
fi
flags="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m -Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8 -Dstderr.encoding=UTF-8"
[ -t 0 ] && flags="$flags -Ddeclaw.terminal.input=true"
[ -t 1 ] && flags="$flags -Ddeclaw.terminal.output=true"
home=$(dirname -- "$(dirname -- "$(readlink -f -- "$java")")")
if [ -z "${DECLAW_NO_CACHE:-}" ] && [ -e "$home/lib/server/libjvm.so" ]; then
  # Names the JDK and this file, so a change of either makes another cache.
  name=$(stat -c '%n %s %Y' -- "$self" "$home/lib/server/libjvm.so" "$home/lib/modules" 2>/dev/null | cksum | tr ' ' -)
  folder=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/declaw
  cache=$folder/start-$name
  case $(grep -s '^JAVA_VERSION=' "$home/release") in
    *'"17'* | *'"18'*) ;;
    *'"19'* | *'"20'* | *'"21'* | *'"22'* | *'"23'* | *'"24'*)
      mkdir -p -- "$folder" && flags="$flags -XX:+AutoCreateSharedArchive -XX:SharedArchiveFile=$cache.jsa" ;;
    *)
      if [ -s "$cache.aot" ]; then
        flags="$flags -XX:AOTCache=$cache.aot -XX:AOTMode=auto -Xlog:aot=off -Xlog:cds=off"
      elif mkdir -p -- "$folder" 2>/dev/null && mkdir -- "$cache.lock" 2>/dev/null; then
        # In the background, once; whoever comes in the meantime starts without it.
        (
          # shellcheck disable=SC2086
          "$java" $flags -XX:AOTCacheOutput="$cache.aot.$$" -cp "$self" dev.declaw.cli.Main warm-up &&
            mv -f -- "$cache.aot.$$" "$cache.aot"
          rm -rf -- "$cache.lock" "$cache.aot.$$"
        ) </dev/null >/dev/null 2>&1 &
      fi
      ;;
  esac
fi
# shellcheck disable=SC2086
exec "$java" $flags -cp "$self" dev.declaw.cli.Main "$@"
