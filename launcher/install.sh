# Finds a JDK 25 and installs what is missing from the distribution's own packages, saying what for.

# command (or file) | package | what it is for | which verbs
REQUIREMENTS='
qemu-system-x86_64|qemu-system-x86|runs the microVMs|run
qemu-img|qemu-utils|makes their disk layers|run
nft|nftables|the rules of each sandbox network|run
ip|iproute2|network namespaces and taps|run
mmdebstrap|mmdebstrap|builds the base template|run
mkfs.ext4|e2fsprogs|template disk images|run
cpio|cpio|the guest initramfs|run
lz4|lz4|unpacks the guest kernel|run
zstd|zstd|unpacks guest kernel modules|run
go|golang-go|compiles the guest agent|run
mvn|maven|builds the server|run
curl|curl|talks to the server|run
python3|python3|the official Python client in the tests|test
/usr/lib/python3/dist-packages/ensurepip:python3 -m ensurepip --version|python3-venv|a place for the official client|test
openssl|openssl|checks of the certificate authority|test
jq|jq|the examples of the documents|test
h2load|nghttp2-client|HTTP/2 clients that we did not write|test
/usr/lib/python3/dist-packages/websockets:false|python3-websockets|a WebSocket client that we did not write|test
'

find_jdk() {
  local candidate
  for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*25* /usr/lib/jvm/* "${HOME:-/root}"/.sdkman/candidates/java/* /opt/*jdk*; do
    [ -x "$candidate/bin/javac" ] || continue
    if "$candidate/bin/javac" -version 2>&1 | grep -qE '^javac (2[5-9]|[3-9][0-9])'; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

use_jdk() {
  local jdk
  if ! jdk=$(find_jdk); then
    if [ "$(id -u)" = 0 ] && apt-cache show openjdk-25-jdk-headless >/dev/null 2>&1; then
      step "Installing openjdk-25-jdk-headless (Declaw is written in Java 25)" apt_install openjdk-25-jdk-headless
      jdk=$(find_jdk) || true
    fi
  fi
  [ -n "${jdk:-}" ] || die "no JDK 25 or newer was found in JAVA_HOME, /usr/lib/jvm, ~/.sdkman or /opt" \
    "install Eclipse Temurin 25 (package temurin-25-jdk) or OpenJDK 25, or set JAVA_HOME"
  export JAVA_HOME=$jdk
}

have() { # command, or "file:command that must succeed"
  case "$1" in
    /*:*) [ -e "${1%%:*}" ] || ${1#*:} >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
  esac
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"
}

install_packages() {
  local want=$1 probe package purpose verbs missing=()
  while IFS='|' read -r probe package purpose verbs; do
    [ -n "$probe" ] || continue
    [ "$verbs" = run ] || [ "$want" = test ] || continue
    have "$probe" && continue
    say "missing: $package ($purpose)"
    missing+=("$package")
  done <<<"$REQUIREMENTS"
  if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || die "this machine has no apt-get" "install by hand: ${missing[*]}"
    step "Installing ${missing[*]}" apt_install "${missing[@]}"
  fi
  use_jdk
  export PATH=$PATH:/usr/sbin:/sbin
}
