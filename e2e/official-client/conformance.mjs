// Every public method of the official npm client's sandbox surface, against the server that the environment names
// (DECLAW_DOMAIN, DECLAW_API_KEY). The client is not changed; its methods are only watched being called.
import assert from 'node:assert';
import * as around from './around.mjs';
import {
  CommandExitError, CommandHandle, Commands, ConnectionConfig, Filesystem, NotFoundError, Pty, PtyHandle, Sandbox, SandboxError,
  SandboxPaginator, Stdio, StdioProcess, WatchHandle, getSharedClient,
} from '@declaw/sdk';

let passed = 0;
function check(what, truth) {
  assert.ok(truth, what);
  passed++;
  console.log('ok', what);
}

async function raises(kind, call) {
  try {
    await call();
  } catch (expected) {
    assert.ok(expected instanceof kind, `${kind.name} expected, not ${expected}`);
    return expected;
  }
  assert.fail(`${kind.name} was not thrown`);
}

async function until(what, truth) {
  const end = Date.now() + 60_000;
  while (!truth()) {
    assert.ok(Date.now() < end, what);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  check(what, true);
}

// Watches the methods and getters of a class, and the static ones.
const called = new Set();
const wanted = [];
function watch(cls, isPublic = () => true) {
  for (const [holder, dot] of [[cls.prototype, '.'], [cls, '::']]) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      const fn = property.get ?? property.value;
      if (['constructor', 'prototype'].includes(name) || name.startsWith('_') || typeof fn !== 'function' || !isPublic(name)) continue;
      const full = cls.declared + dot + name;
      wanted.push(full);
      const watched = function (...args) {
        called.add(full);
        return fn.apply(this, args);
      };
      Object.defineProperty(holder, name, property.get ? { ...property, get: watched } : { ...property, value: watched });
    }
  }
}
// Methods that its types declare private.
const INSIDE = ['PtyHandle.consumeStream', 'VolumeFiles.client', 'VolumeFiles.timeout', 'VolumeLocks.client', 'VolumeLocks.timeout'];
const classes = {
  Sandbox, SandboxPaginator, Commands, CommandHandle, Filesystem, WatchHandle, Pty, PtyHandle, Stdio, StdioProcess, ...around.classes,
};
for (const [name, cls] of Object.entries(classes)) {
  cls.declared = name;
  watch(cls, (method) => !INSIDE.includes(`${name}.${method}`));
}

const text = (bytes) => new TextDecoder().decode(bytes);
const sandbox = await Sandbox.create({ timeout: 300, metadata: { suite: 'npm' }, envs: { FROM_CREATE: 'yes' } });

// The sandbox itself.
check('its facts', /^sbx-/.test(sandbox.sandboxId) && sandbox.sandboxDomain && sandbox.trafficAccessToken && sandbox.envdAccessToken);
check('its URLs', sandbox.getMcpUrl() === `${sandbox.envdApiUrl}/ports/50005/mcp` && sandbox.config.apiUrl && sandbox.getHost(1).endsWith('/ports/1'));
check('it runs', await sandbox.isRunning());
await sandbox.setTimeout(120);
const info = await sandbox.getInfo();
check('its info', info.state === 'running' && info.metadata.suite === 'npm');
check('its metrics', (await sandbox.getMetrics()).length >= 1);
const again = await Sandbox.connect(sandbox.sandboxId);
check('another handle', (await again.commands.run('echo $FROM_CREATE')).stdout === 'yes\n');
const listed = await Sandbox.list({ query: { state: 'live' }, limit: 50 });
check('it is listed', listed.sandboxes.some((s) => s.sandboxId === sandbox.sandboxId));
const pages = new SandboxPaginator(getSharedClient(new ConnectionConfig()), { limit: 1 });
const first = pages.hasNext ? await pages.nextItems() : [];
let seen = first;
for await (const page of pages) seen = seen.concat(page);
check('pages end', seen.some((s) => s.sandboxId === sandbox.sandboxId));

// Commands.
const lines = [];
const result = await sandbox.commands.run('echo a; echo b; echo c >&2; exit 3', { onStdout: (l) => lines.push(l), onStderr: (l) => lines.push(l) });
check('a command’s result', result.stdout === 'a\nb\n' && result.stderr === 'c\n' && result.exitCode === 3 && lines.length === 3);
check('its surroundings', (await sandbox.commands.run('id -un; pwd; echo $A', { user: 'root', cwd: '/tmp', envs: { A: 'é' } })).stdout === 'root\n/tmp\né\n');
check('its timeout', (await sandbox.commands.run('sleep 60', { timeout: 1 })).exitCode === 124);
const quick = await sandbox.commands.run('echo first; exit 7', { background: true });
const failed = await raises(CommandExitError, () => quick.wait());
check('the result outlives the process', failed.exitCode === 7 && failed.stdout === 'first\n');
check('and can be had again', (await raises(CommandExitError, () => sandbox.commands.connect(quick.pid).wait())).exitCode === 7);
const cat = await sandbox.commands.run('head -n 1', { background: true });
check('it is listed', (await sandbox.commands.list()).map((p) => p.cmd).join() === 'head -n 1');
await sandbox.commands.sendStdin(cat.pid, 'grüße\n');
check('it was fed', (await cat.wait({ onStdout: (l) => lines.push(l) })).stdout === 'grüße\n' && lines.at(-1) === 'grüße\n');
const sleeper = await sandbox.commands.run('sleep 300', { background: true });
sleeper.disconnect();
check('it is killed once', (await sleeper.kill()) && !(await sandbox.commands.kill(sleeper.pid)));
const streamed = [];
const stream = await sandbox.commands.runStream("echo one; printf two; printf 'three\\n'; echo e >&2; exit 4", { onStdout: (d) => streamed.push(d) });
check('a stream is exact', stream.stdout === 'one\ntwothree\n' && stream.stderr === 'e\n' && stream.exitCode === 4 && streamed.join('') === stream.stdout);
await raises(SandboxError, () => sandbox.commands.runStream('true', { cwd: '/no/such' }));
await raises(NotFoundError, () => sandbox.commands.connect(99999).wait());
check('errors are told', true);

// Terminals.
let output = '';
const pty = await sandbox.pty.create({ size: { cols: 100, rows: 30 }, envs: { PS1: '$ ' }, onData: (d) => (output += text(d)) });
await pty.sendInput('stty size; echo ready-$((1+1))\n');
await until('a terminal answers', () => output.includes('ready-2') && output.includes('30 100'));
await pty.resize({ cols: 132, rows: 50 });
await pty.sendInput(new TextEncoder().encode('stty size\n'));
await until('a new size', () => output.includes('50 132'));
const late = sandbox.pty.connect(pty.pid);
let replay = '';
for await (const chunk of late.stream()) {
  replay += text(chunk);
  if (replay.includes('50 132')) break;
}
late.disconnect();
check('a second subscriber gets it from the first byte', replay.includes('30 100'));
await pty.sendInput('exit 5\n');
check('its exit code', (await pty.wait()).exitCode === 5);
const other = await sandbox.pty.create({ timeout: 0 });
await sandbox.pty.sendStdin(other.pid, 'echo x\n');
await sandbox.pty.resize(other.pid, { cols: 10, rows: 10 });
check('a terminal is killed by its pid', (await sandbox.pty.kill(other.pid)) && !(await other.kill()));

// Stdio processes.
const chunks = [];
const process1 = await sandbox.stdio.start('while read l; do echo "$P$l"; echo "e:$l" >&2; done; exit 6', {
  envs: { P: 'o:' }, cwd: '/tmp', onStdout: (d) => chunks.push(text(d)), onStderr: (d) => chunks.push(text(d)),
});
await process1.sendStdin('one\n');
await process1.sendStdin(new TextEncoder().encode('twö\n'));
await process1.closeStdin();
check('both outputs', (await process1.wait()).exitCode === 6 && chunks.join('').length === 'o:one\ne:one\no:twö\ne:twö\n'.length && process1.exitCode === 6);
const replayed = [];
const process2 = await sandbox.stdio.start('echo a; echo b >&2');
check('a late stream', (await process2.stream({ onStdout: (d) => replayed.push(text(d)) })).exitCode === 0 && replayed.join('') === 'a\n');
const doomed = await sandbox.stdio.start('sleep 300');
check('it is killed', (await doomed.kill()) && !(await doomed.kill()));

// Files.
const blob = Uint8Array.from({ length: 1024 }, (_, i) => i & 255);
check('text is written', (await sandbox.files.write('/home/user/a/ü b.txt', 'grüße 😀\n')).path === '/home/user/a/ü b.txt');
check('and read', (await sandbox.files.read('/home/user/a/ü b.txt')) === 'grüße 😀\n');
await sandbox.files.write('/home/user/blob', blob);
check('bytes too', Buffer.compare(await sandbox.files.read('/home/user/blob', { format: 'bytes' }), blob) === 0);
const batch = await sandbox.files.writeFiles([{ path: '/batch/1', data: 'a' }, { path: '/batch/2', data: blob }, { path: '/batch/3', data: 'c' }]);
check('a batch in its order', batch.map((w) => w.path).join() === '/batch/1,/batch/2,/batch/3');
check('a listing', (await sandbox.files.list('/batch', { depth: 1 })).map((e) => `${e.name}:${e.type}`).join() === '1:file,2:file,3:file');
check('existence and facts', (await sandbox.files.exists('/batch/1')) && (await sandbox.files.getInfo('/home/user/blob')).size === 1024);
check('a rename', (await sandbox.files.rename('/batch/1', '/batch/x y')).name === 'x y');
check('a directory', (await sandbox.files.makeDir('/made')) && !(await sandbox.files.makeDir('/made')));
await sandbox.files.remove('/batch/x y');
check('removed', !(await sandbox.files.exists('/batch/x y')));
const handle = await sandbox.files.watchDir('/batch', { recursive: true });
handle.pushEvent({ type: 'create', path: '/batch/local' });
check('a watch handle', handle.getNewEvents().length === 1 && handle.getNewEvents().length === 0);
handle.stop();
await raises(NotFoundError, () => sandbox.files.read('/none'));
const headers = { 'X-API-Key': sandbox.config.apiKey };
check('an upload URL', (await fetch(sandbox.uploadUrl('/tmp/by url', 'root'), { method: 'PUT', body: blob, headers })).ok);
check('a download URL', Buffer.compare(Buffer.from(await (await fetch(sandbox.downloadUrl('/tmp/by url'), { headers })).arrayBuffer()), blob) === 0);

// A port, reached as users of an MCP server do.
await sandbox.commands.run('cd /batch && exec python3 -m http.server --bind 127.0.0.1 50005', { background: true, timeout: 0 });
let answer;
for (let i = 0; i < 100 && answer?.status !== 200; i++) {
  answer = await fetch(`${sandbox.getHost(50005)}/3`, { headers });
  if (answer.status !== 200) await new Promise((resolve) => setTimeout(resolve, 100));
}
check('a port', (await answer.text()) === 'c');

// What is around it.
const checks = { check, raises };
await around.rests(checks, sandbox);
await around.volumes(checks, sandbox);
await around.vault(checks);
await around.governance(checks);
await around.templates(checks);

// The end.
check('killed', await sandbox.kill({ wait: true }));
check('a sandbox that ended is found', !(await sandbox.isRunning()) && (await sandbox.getInfo()).state === 'killed');
check('killed by its id', !(await Sandbox.kill(sandbox.sandboxId, { wait: true })));
check('many are killed', (await Sandbox.killMany([sandbox.sandboxId, 'sbx-00000000']))['sbx-00000000'].error !== undefined);
sandbox.close();

for (const name of wanted.filter((each) => called.has(each))) console.log('method npm', name);
const missing = wanted.filter((name) => !called.has(name));
assert.deepStrictEqual(missing, [], 'never called');
console.log(`${passed} checks passed`);
process.exit(0);
