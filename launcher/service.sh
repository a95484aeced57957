# The server as a background process of this machine.

PID_FILE=$DECLAW_HOME/run/server.pid
LOG_FILE=$DECLAW_HOME/run/server.log

# The pid of the running server, if the pid file names a live server of this state directory.
server_pid() {
  local pid
  pid=$(cat "$PID_FILE" 2>/dev/null) || return 1
  tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q 'dev.declaw.server.Main' || return 1
  printf '%s\n' "$pid"
}

print_welcome() {
  local listen=${DECLAW_LISTEN:-127.0.0.1:8080} key
  key=$(cat "$DECLAW_HOME/api-key")
  cat <<TEXT

Declaw is up on http://$listen (loopback only; state in $DECLAW_HOME). Paste:

  export DECLAW_DOMAIN=$listen DECLAW_API_KEY=$key

Then, for example:

  pip install declaw && python3 -c 'from declaw import Sandbox; s = Sandbox.create(); print(s.commands.run("uname -a").stdout); s.kill()'

Stop it with ./declaw down. Its log: $LOG_FILE
TEXT
}

service_up() {
  local pid started=$SECONDS
  if pid=$(server_pid); then
    say "already running (pid $pid)"
    print_welcome
    return 0
  fi
  mkdir -p "$DECLAW_HOME/run"
  chmod 700 "$DECLAW_HOME"
  setsid "$ROOT/declaw" run server >"$LOG_FILE" 2>&1 </dev/null &
  pid=$!
  printf '%s\n' "$pid" >"$PID_FILE"
  until grep -q '^ready ' "$LOG_FILE"; do
    if ! kill -0 "$pid" 2>/dev/null; then
      tail -n 20 "$LOG_FILE" >&2
      rm -f "$PID_FILE"
      die "the server ended while starting" "its log: $LOG_FILE"
    fi
    [ $((SECONDS - started)) -lt 60 ] || die "the server was not ready within 60 s" "its log: $LOG_FILE"
    sleep 0.1
  done
  say "ready after $((SECONDS - started)) s"
  print_welcome
}

service_down() {
  local pid started=$SECONDS
  if ! pid=$(server_pid); then
    say "no server is running"
    rm -f "$PID_FILE"
    return 0
  fi
  kill -TERM "$pid"
  while kill -0 "$pid" 2>/dev/null; do
    if [ $((SECONDS - started)) -ge 60 ]; then
      die "the server (pid $pid) did not stop within 60 s" "look at $LOG_FILE; kill -9 $pid, then ./declaw up and down clean up what it left"
    fi
    sleep 0.1
  done
  rm -f "$PID_FILE"
  say "stopped after $((SECONDS - started)) s; no sandbox, process, namespace or tap is left"
}
