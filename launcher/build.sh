# Builds what changed: the guest agent and the policy service (Go), and the server (Maven). Nothing is built twice.

SOURCES="pom.xml model linux rego guardrails egress runtime server sdk/java cli e2e bench envd policyd"
DIST=$ROOT/server/target/dist
ENVD=$BUILD/envd
POLICYD=$BUILD/policyd
CLI=$ROOT/cli/target/declaw

sources_digest() {
  # shellcheck disable=SC2086
  find $SOURCES -type f -not -path '*/target/*' -not -path '*/src/test/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

build_envd() {
  (cd envd && CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local go build -trimpath -ldflags '-s -w' -o "$ENVD.new" .) && mv "$ENVD.new" "$ENVD"
}

# The policy service needs the Go of its go.mod; from 1.21 on Go fetches that by itself. Without it everything works but Rego.
build_policyd() {
  local minor
  minor=$(go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  if [ "${minor:-0}" -lt 21 ]; then
    rm -f "$POLICYD"
    say "  Go 1.21 or newer is needed for custom policies (Rego): they are refused by this build"
    return 0
  fi
  (cd policyd && CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=auto go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$POLICYD.new" .) && mv "$POLICYD.new" "$POLICYD"
}

maven() {
  MAVEN_OPTS="${MAVEN_OPTS:-} -XX:+UseSerialGC -Djansi.mode=strip" mvn -B -ntp "$@"
}

build_server() {
  maven -q -DskipTests package
  assemble_cli
}

# The command line as one file: a script with the jar behind it.
assemble_cli() {
  local jar
  jar=$(ls "$ROOT"/cli/target/declaw-cli-*-all.jar)
  "$JAVA_HOME/bin/java" "$ROOT/cli/src/main/build/Modernise.java" "$jar" "$CLI.jar"
  cat "$ROOT/cli/src/main/dist/declaw.sh" "$CLI.jar" >"$CLI.new"
  rm -f "$CLI.jar"
  chmod 755 "$CLI.new"
  mv -f "$CLI.new" "$CLI"
}

exec_cli() {
  [ -x "$CLI" ] || build_all >&2
  exec "$CLI" "$@"
}

build_all() {
  mkdir -p "$BUILD"
  use_jdk
  exec 9>"$BUILD/lock"
  flock -n 9 || { say "another build is running; waiting for it"; flock 9; }
  local digest
  digest=$(sources_digest)
  if [ "$digest" != "$(cat "$BUILD/digest" 2>/dev/null)" ] || [ ! -d "$DIST/lib" ] || [ ! -x "$ENVD" ] || [ ! -x "$CLI" ]; then
    step "Building the guest agent" build_envd
    step "Building the policy service" build_policyd
    rm -f "$DIST"/*.aot
    step "Building the server (downloads libraries the first time)" build_server
    printf '%s\n' "$digest" >"$BUILD/digest"
  fi
  exec 9>&-
}

build_quietly() {
  use_jdk
  if [ ! -d "$DIST/lib" ]; then
    build_all >&2
    [ "$(id -u)" != 0 ] || record_starts >&2
  fi
}

# Lets every role run once and keeps what its JVM learned (an AOT cache, JEP 514): later starts take a fraction of the time.
# It belongs to exactly these jars; without it everything works, slower.
record_starts() {
  [ "$DIST/server.aot" -nt "$BUILD/digest" ] && [ "$DIST/egress.aot" -nt "$BUILD/digest" ] && return 0
  (step "Recording start-up caches (once per build)" rehearse) || {
    rm -f "$DIST"/*.aot
    say "  going on without them: every start takes some seconds longer"
  }
}

rehearse() {
  "$JAVA_HOME/bin/java" -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -cp "$ROOT/e2e/target/classes:$DIST/lib/*" \
    dev.declaw.e2e.platform.Rehearsal "$DIST"
}

# exec_server ARGS…: becomes the server (or the role that the first argument names). DECLAW_JVM_OPTIONS adds options to the
# JVM of this process.
exec_server() {
  local role=server options=()
  [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ] || use_jdk
  [ -d "$DIST/lib" ] || die "the server is not built" "run ./declaw up, demo or test once"
  export DECLAW_ENVD=${DECLAW_ENVD:-$ENVD}
  [ "${1:-}" != egress ] || role=egress
  [ ! -r "$DIST/$role.aot" ] || options+=("-XX:AOTCache=$DIST/$role.aot")
  # shellcheck disable=SC2206
  options+=(${DECLAW_JVM_OPTIONS:-})
  unset DECLAW_JVM_OPTIONS # for the JVM, not a setting of the server
  exec "$JAVA_HOME/bin/java" "@$DIST/java.args" -Xmx512m "${options[@]}" --module-path "$DIST/lib" \
    --module dev.declaw.server/dev.declaw.server.Main "$@"
}

prepare_templates() {
  step "Preparing the base template and the guest kernel (built once per machine)" template_steps
}

template_steps() { "$ROOT/declaw" run templates prepare | sed -u 's/^/· /'; }

run_demo() { exec "$JAVA_HOME/bin/java" -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -cp "$ROOT/e2e/target/classes:$DIST/lib/*" dev.declaw.e2e.demo.Demo "$@"; }

run_bench() { exec "$JAVA_HOME/bin/java" -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -cp "$ROOT/bench/target/classes:$ROOT/sdk/java/target/classes:$ROOT/e2e/target/classes:$DIST/lib/*" dev.declaw.bench.Main "$@"; }

# Random lives of a server and of a host, with faults: many more steps than the suite takes. SIMULATION_SEED chooses another one.
run_simulation() {
  build_all
  prepare_templates
  say "${BOLD}▸ Random steps of a server's life, with machines in memory, then of a host's, with real ones${OFF}"
  maven verify -pl runtime,server -am -Dtest='LifecycleSimulationTest,MachineSimulationVmTest' -Dsurefire.failIfNoSpecifiedTests=false \
    -Ddeclaw.simulation.seeds=40 -Ddeclaw.simulation.steps=200 -Ddeclaw.simulation.machine.steps=300 \
    -Ddeclaw.simulation.seed="${SIMULATION_SEED:-$(date +%s)}" "$@"
}

# The whole suite: the guest agent's tests, all Java modules with the whole-system tests, and the official client.
run_tests() {
  if [ "${1:-}" = --simulation ]; then shift; run_simulation "$@"; return; fi
  build_all
  prepare_templates
  record_starts
  say "${BOLD}▸ Testing the guest agent${OFF}"
  (cd envd && GOTOOLCHAIN=local go vet ./... && GOTOOLCHAIN=local go test ./...)
  [ ! -x "$POLICYD" ] || { say "${BOLD}▸ Testing the policy service${OFF}"; (cd policyd && go vet ./... && go test ./...); }
  say "${BOLD}▸ Testing every Java module, the whole system with real microVMs, and the official client${OFF}"
  # A test that fails is tried once more and reported as a flake if it then passes: the machines that run this are shared.
  maven verify -Dsurefire.rerunFailingTestsCount=1 "$@"
}
