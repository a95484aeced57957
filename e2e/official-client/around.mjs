// What is around a sandbox, with the npm client: its pauses and snapshots, volumes, the vault, governance packs and templates.
import assert from 'node:assert';
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  ConflictError, Governance, InvalidArgumentError, NotFoundError, Sandbox, SnapshotPaginator, Template, TemplateBase, Vault, VolumeFiles,
  VolumeLocks, Volumes, getSharedClient, parseSecurityPolicy,
} from '@declaw/sdk';

export const classes = { SnapshotPaginator, Volumes, VolumeFiles, VolumeLocks, Vault, Governance, TemplateBase, Template };

const bytes = (text) => new TextEncoder().encode(text);
const text = (data) => new TextDecoder().decode(data);

/** A gzip-compressed tar archive of one file. */
function archive(name, content) {
  const head = Buffer.alloc(512);
  head.write(name, 0);
  head.write('0000644\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  head.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('00000000000\0', 136);
  head.write('        0', 148);
  head.write('ustar\x0000', 257);
  head.write(`${head.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  return new Uint8Array(gzipSync(Buffer.concat([head, body, Buffer.alloc(1024)])));
}

/** Pause, resume, snapshots and restore. */
export async function rests({ check, raises }, sandbox) {
  await sandbox.commands.run('echo kept > /home/user/kept; echo held > /dev/shm/held');
  await sandbox.pause();
  check('it is paused', !(await sandbox.isRunning()) && (await sandbox.getInfo()).state === 'paused');
  await sandbox.resume();
  check('resumed with its memory', (await sandbox.commands.run('cat /home/user/kept /dev/shm/held')).stdout === 'kept\nheld\n');
  await raises(ConflictError, () => sandbox.resume());
  const one = await sandbox.snapshot();
  await sandbox.commands.run('echo changed > /home/user/kept; rm /dev/shm/held');
  const two = await sandbox.createSnapshot();
  const listed = (await sandbox.listSnapshots()).map((s) => s.snapshotId);
  check('the newest is first', listed[0] === two.snapshotId && listed[1] === one.snapshotId && one.source === 'manual' && one.memSizeBytes > 0);
  const pages = new SnapshotPaginator(getSharedClient(sandbox.config), { sandboxId: sandbox.sandboxId, limit: 1 });
  let seen = pages.hasNext ? await pages.nextItems() : [];
  for await (const page of pages) seen = seen.concat(page);
  check('pages of snapshots end', seen.map((s) => s.snapshotId).join() === listed.join());
  const restored = await Sandbox.restore(sandbox.sandboxId, { snapshotId: one.snapshotId });
  check('restored', (await restored.commands.run('cat /home/user/kept /dev/shm/held')).stdout === 'kept\nheld\n');
  check('deleted, and deleted again', (await sandbox.deleteSnapshot(two.snapshotId)) && (await sandbox.deleteSnapshot(two.snapshotId)));
  await raises(NotFoundError, () => Sandbox.restore(sandbox.sandboxId, { snapshotId: two.snapshotId }));
}

export async function volumes({ check, raises }, sandbox) {
  const packed = archive('a.txt', 'hello');
  const data = await Volumes.create('data', packed);
  const live = await Volumes.empty('live');
  const made = [data, live, await Volumes.ingest('ingested', packed), await Volumes.create('also empty')];
  check('sizes', made.map((v) => v.sizeBytes).join() === '5,0,5,0');
  const listed = (await Volumes.list()).map((v) => v.volumeId);
  check('listed and found', made.every((v) => listed.includes(v.volumeId)) && (await Volumes.get(data.volumeId)).name === 'data');
  made.push(await Volumes.ingest('again', await Volumes.download(data.volumeId)));
  check('downloaded and uploaded', made.at(-1).sizeBytes === 5);
  await raises(InvalidArgumentError, () => Volumes.ingest('bad', bytes('no archive')));
  const files = Volumes.files(live.volumeId);
  check('a file is written and read', (await files.write('/d/b', bytes('one'))) === '/d/b' && text(await files.read('/d/b')) === 'one');
  const { version } = await files.info('/d/b');
  await files.write('/d/b', bytes('two'), { ifVersion: version });
  await raises(ConflictError, () => files.write('/d/b', bytes('three'), { ifVersion: version }));
  check('directories', (await files.mkdir('/e')) === '/e' && (await files.list('/')).map((e) => `${e.name}${e.isDir}`).join() === 'dtrue,etrue');
  check('renamed', (await files.rename('/d/b', '/e/c')).newPath === '/e/c' && (await files.exists('/e/c')));
  await files.remove('/e', { recursive: true });
  check('removed', !(await files.exists('/e/c')));
  const locks = Volumes.locks(live.volumeId);
  const lease = await locks.acquire('/d', 60);
  await raises(ConflictError, () => locks.acquire('/d'));
  check('renewed', (await locks.renew('/d', lease.token, 90)).ttlSeconds === 90 && (await locks.status('/d')).held);
  check('released', (await locks.release('/d', lease.token)) && !(await locks.status('/d')).held);

  await Vault.createSecret({ value: 'sk-conformance', name: 'inside', scopes: [{ domainRegex: 'api\\.example\\.test', injectionType: 'bearer' }] });
  const other = await Sandbox.create({ timeout: 120, volumes: [{ volumeId: data.volumeId, mountPath: '/copied' }], vaultRefs: { TOKEN: 'inside' } });
  check('a copy', (await other.commands.run('cat /copied/a.txt; echo more > /copied/b.txt')).stdout === 'hello');
  check('the secret is not inside', !(await other.commands.run('env', { user: 'root' })).stdout.includes('sk-conformance'));
  made.push(await Volumes.commit(other.sandboxId, data.volumeId, 'committed'));
  check('committed as a new volume', text(await Volumes.files(made.at(-1).volumeId).read('/b.txt')) === 'more\n');
  await other.kill({ wait: true });
  await Vault.deleteSecret('inside');
  await sandbox.commands.run('mkdir -p /home/user/kept.d; echo x > /home/user/kept.d/x');
  made.push(await Volumes.snapshot(sandbox.sandboxId, '/home/user/kept.d', 'kept'));
  check('a path as a new volume', text(await Volumes.files(made.at(-1).volumeId).read('/x')) === 'x\n');
  for (const volume of made) await Volumes.delete(volume.volumeId);
  await raises(NotFoundError, () => Volumes.get(data.volumeId));
}

export async function vault({ check, raises }) {
  const made = await Vault.createSecret({ value: 'sk-one', provider: 'anthropic', rotationIntervalDays: 30 });
  check('a secret of a preset', made.name === 'anthropic' && made.scopes.length > 0 && !JSON.stringify(made).includes('sk-one'));
  await Vault.rotateSecret('anthropic', 'sk-two');
  await Vault.updateScopes('anthropic', [{ domainRegex: 'api\\.example\\.test', injectionType: 'header', headerName: 'X-Key' }]);
  const listed = (await Vault.listSecrets()).find((s) => s.name === 'anthropic');
  check('new scopes', listed.scopes[0].headerName === 'X-Key' && listed.rotatedAt);
  await Vault.deleteSecret('anthropic');
  await raises(Error, () => Vault.rotateSecret('anthropic', 'x'));
  check('presets', (await Vault.listPresets()).some((p) => p.key === 'openai' && p.scopes.length > 0));
}

export async function governance({ check, raises }) {
  check('packs', (await Governance.listPacks()).some((p) => p.name === 'prompt-injection'));
  check('one pack', (await Governance.getPack('prompt-injection')).policyRef === 'prompt-injection@v3');
  await raises(NotFoundError, () => Governance.getPack('none'));
  const customPolicy = { enabled: true, inline_rego: 'deny_command contains "not here" if input.action.command == "id"', default_deny: true };
  const guarded = await Sandbox.create({ timeout: 60, security: parseSecurityPolicy({ custom_policy: customPolicy }) });
  const denied = await guarded.commands.run('id').then(() => '', (error) => String(error.message));
  check('a command is denied, with the reason', denied.includes('not here'));
  check('others run', (await guarded.commands.run('uname')).stdout === 'Linux\n');
  await guarded.kill();
}

/** Builds that work and one that fails. */
export async function templates({ check, raises }) {
  const spec = new TemplateBase().fromBaseImage('debian:12').aptInstall('jq').runCmd(['true']).copy('a', '/a', 0o644).setEnvs({ A: 'b' }).setStartCmd('sleep 1');
  assert.deepStrictEqual(new TemplateBase().fromDockerfile('FROM x').toJSON(), { dockerfile: 'FROM x' });
  check('a specification', JSON.stringify(spec.toJSON()).includes('jq'));
  const lines = [];
  const mine = new TemplateBase().runCmd([`true ${randomUUID()}`]).runCmd(['echo built in $PWD > /etc/mine']).runCmd(['cat /etc/mine']).setEnvs({ MINE: 'yes' });
  const built = await Template.build(mine, 'npm-mine', { cpuCount: 1, onBuildLogs: (line) => lines.push(line) });
  check('a template is built', built.status === 'completed' && lines.join('').includes('built in /'));
  const sandbox = await Sandbox.create({ template: 'npm-mine', timeout: 60 });
  check('and starts', (await sandbox.commands.run('cat /etc/mine; echo $MINE')).stdout === 'built in /\nyes\n');
  await sandbox.kill();
  const failed = await Template.build(new TemplateBase().fromDockerfile('FROM ubuntu:22.04\nRUN exit 4'), 'npm-bad');
  check('a failure names its step', failed.status === 'failed');
  const begun = await Template.buildInBackground(mine, 'npm-mine');
  check('in the background', ['queued', 'building'].includes(begun.status));
  let status = begun;
  for (let look = 0; look < 240 && status.status !== 'completed'; look++) {
    await new Promise((done) => setTimeout(done, 500));
    status = await Template.getBuildStatus(begun.buildId);
  }
  check('layers are found again', status.logs.some((line) => line.includes('(cached)')));
  await raises(NotFoundError, () => Template.getBuildStatus('bld-1'));
}
