# What this machine has, and what each missing part costs.

NO_KVM='sandboxes run in software emulation (TCG): start in seconds instead of a fraction of one, Python code about 10 x slower'

ok() { printf '%s✓%s %-12s %s\n' "$GREEN" "$OFF" "$1" "$2"; }
bad() {
  printf '%s✗%s %-12s %s\n' "$RED" "$OFF" "$1" "$2"
  printf '  %-12s → %s\n' '' "$3"
}

# What the runtime found when it started the real guest kernel on /dev/kvm; kept until the machine boots again. That
# /dev/kvm opens proves nothing, nor does a guest that never leaves real mode.
kvm_verdict() {
  [ -d "$DIST/lib" ] && [ "$(id -u)" = 0 ] && compgen -G "$DECLAW_CACHE/boot/*" >/dev/null || return 1
  "$ROOT/declaw" run templates prepare 2>/dev/null | tail -n 1
}

doctor() {
  local jdk free_kb memory_mib verdict failed=0
  export PATH=$PATH:/usr/sbin:/sbin
  if jdk=$(find_jdk); then ok JDK "$jdk"; else
    bad JDK "no JDK 25 or newer" "nothing runs: install Temurin 25 or set JAVA_HOME"; failed=1
  fi
  if command -v qemu-system-x86_64 >/dev/null; then ok QEMU "$(qemu-system-x86_64 --version | head -n 1)"; else
    bad QEMU "qemu-system-x86_64 is missing" "no sandbox can start: ./declaw up installs qemu-system-x86"; failed=1
  fi
  if [ ! -e /dev/kvm ]; then
    bad KVM "there is no /dev/kvm" "$NO_KVM"
  elif ! verdict=$(kvm_verdict); then
    bad KVM "/dev/kvm is there; whether a guest runs on it is not known yet" "run ./declaw up once (as root): it fetches the guest kernel and starts it on KVM"
  else
    case "$verdict" in
      emulation*) bad KVM "$verdict" "$NO_KVM" ;;
      *) ok KVM "$verdict" ;;
    esac
  fi
  if [ -n "${DECLAW_FIRECRACKER:-}" ] && [ -x "${DECLAW_FIRECRACKER}" ]; then
    ok Firecracker "$("$DECLAW_FIRECRACKER" --version | head -n 1) (its driver is not in this version; QEMU is used)"
  else
    bad Firecracker "not given (DECLAW_FIRECRACKER=/path)" "nothing is lost: this version runs sandboxes on QEMU"
  fi
  if [ -x "$POLICYD" ]; then ok policies "custom policies (Rego) are built in"; else
    bad policies "the policy service is not built" "policies with Rego are refused: install Go 1.21 or newer and run ./declaw up again"
  fi
  if command -v nft >/dev/null; then ok nftables "$(nft --version)"; else
    bad nftables "nft is missing" "no sandbox can start: ./declaw up installs nftables"; failed=1
  fi
  if [ "$(id -u)" != 0 ]; then
    bad rights "not root" "up, demo and test start again with sudo: network namespaces need it"
  elif ip netns add declaw-doctor 2>/dev/null; then
    ip netns delete declaw-doctor
    ok rights "root, network namespaces work"
  else
    bad rights "root, but a network namespace cannot be made" "no sandbox can start: give this machine CAP_SYS_ADMIN and CAP_NET_ADMIN"; failed=1
  fi
  if command -v mmdebstrap >/dev/null && command -v cpio >/dev/null && command -v mkfs.ext4 >/dev/null; then
    ok templates "mmdebstrap, cpio and mkfs.ext4 are there"
  else
    bad templates "mmdebstrap, cpio or mkfs.ext4 is missing" "the base template cannot be built: ./declaw up installs them"
  fi
  free_kb=$(df -Pk "$(dirname "$DECLAW_CACHE")" | awk 'NR == 2 { print $4 }')
  if [ "$free_kb" -ge 4194304 ]; then ok disk "$((free_kb / 1048576)) GiB free for $DECLAW_CACHE and $DECLAW_HOME"; else
    bad disk "$((free_kb / 1024)) MiB free" "the template needs about 1 GiB, each sandbox up to its disk size: free 4 GiB"
  fi
  memory_mib=$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
  if [ "$memory_mib" -ge 1536 ]; then ok memory "$memory_mib MiB available, about $(((memory_mib - 768) / 320)) sandboxes of 256 MiB"; else
    bad memory "$memory_mib MiB available" "the server takes about 0.5 GiB, each sandbox 256 MiB and its overhead"
  fi
  [ "$failed" = 0 ] || exit 1
}
