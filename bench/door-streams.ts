/** Bytes through the Docker door against the Engine behind it: a command's streams, files, and many followed logs at once. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import type { Benchmark, Demand } from './benchmark.ts';
import { benchLabel, type EnginePair, openEnginePair, type Side } from './engine-pair.ts';
import type { Site } from './site.ts';
import { median } from './statistics.ts';

const MiB = 1024 * 1024;
const SIZE = 64 * MiB;
const ROUNDS = 3;
const FOLLOWERS = 200;

export const doorStreams: Benchmark = {
  name: 'door-streams',
  summary:
    '64 MiB through exec and cp, and 200 followed logs, through the Docker door and through the Engine behind it',
  async run(site) {
    await using pair = await openEnginePair(site, 'bench_door_streams');
    const boxes = { engine: await box(pair.engine, pair), door: await box(pair.door, pair) };
    const table: Record<string, string | number>[] = [];
    const demands: Demand[] = [];
    const samples: Record<string, unknown> = {};
    const kinds = { 'exec -i cat': throughExec, 'cp in': copyIn, 'cp out': copyOut };
    for (const [what, carry] of Object.entries(kinds)) {
      const { rates, grownMiB } = await compare(site, pair, (side) => carry(boxes[side.name]));
      const [engine, door] = [median(rates.engine), median(rates.door)];
      table.push({
        what,
        'Engine MiB/s': Math.round(engine),
        'door MiB/s': Math.round(door),
        ratio: two(door / engine),
        'grown, cold MiB': two(grownMiB.cold),
      });
      demands.push({ what: `${what}: MiB per second, of the Engine's`, measured: door / engine, atLeast: 0.5 });
      demands.push({ what: `${what}: MiB that the server grew by`, measured: grownMiB.warm, atMost: 64 });
      samples[what] = { rates, grownMiB };
    }
    const before = pair.longshore.rssMiB();
    const seen = await followLogs(pair.door, pair, FOLLOWERS);
    table.push({
      what: `${FOLLOWERS} followed logs, MiB more`,
      'door MiB/s': Math.round(pair.longshore.rssMiB() - before),
    });
    demands.push({ what: 'logs followed to their end', measured: seen, atLeast: FOLLOWERS });
    return { table, demands, samples };
  },
};

const content = randomBytes(SIZE);
const digest = createHash('sha256').update(content).digest('hex');
const archive = archiveOf(content);

/** A tar of one file, named `file`. */
function archiveOf(bytes: Buffer): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-bench-'));
  try {
    writeFileSync(join(folder, 'file'), bytes);
    return execFileSync('tar', ['-C', folder, '-c', 'file'], { maxBuffer: 2 * SIZE });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function box({ docker }: Side, { image }: EnginePair): Promise<Docker.Container> {
  const container = await docker.createContainer({ Image: image, Cmd: ['sleep', '600'], Labels: { [benchLabel]: '' } });
  await container.start();
  return container;
}

/** In turn, the first round to warm up; how much a server grows in it that has done nothing before is told apart. */
async function compare(site: Site, { engine, door, longshore }: EnginePair, carry: (side: Side) => Promise<void>) {
  const rates = { engine: [] as number[], door: [] as number[] };
  const grownMiB = { cold: 0, warm: 0 };
  let before = longshore.rssMiB();
  for (let round = 0; round <= ROUNDS; round++) {
    const state = round === 0 ? 'cold' : 'warm';
    if (round === 1) before = longshore.rssMiB();
    for (const side of [engine, door]) {
      site.signal.throwIfAborted();
      const watching = setInterval(() => {
        grownMiB[state] = Math.max(grownMiB[state], longshore.rssMiB() - before);
      }, 50);
      const began = performance.now();
      try {
        await carry(side);
      } finally {
        clearInterval(watching);
      }
      if (round > 0) rates[side.name].push(SIZE / MiB / ((performance.now() - began) / 1000));
    }
  }
  return { rates, grownMiB };
}

/** Every byte comes back, or it is no figure. */
async function throughExec(container: Docker.Container): Promise<void> {
  const asked = { Cmd: ['cat'], AttachStdin: true, AttachStdout: true, AttachStderr: true };
  const exec = await container.exec(asked);
  const stream = await exec.start({ hijack: true, stdin: true });
  const stdout = new PassThrough();
  container.modem.demuxStream(stream, stdout, new PassThrough());
  stream.once('end', () => stdout.end());
  const sum = hashed(stdout);
  // No pipeline: it would destroy the side that is still being read as soon as it has written.
  for (const piece of piecesOf(content)) if (!stream.write(piece)) await once(stream, 'drain');
  stream.end();
  expectDigest(await sum);
}

async function copyIn(container: Docker.Container): Promise<void> {
  await container.putArchive(archive, { path: '/tmp' });
}

async function copyOut(container: Docker.Container): Promise<void> {
  const stream = (await container.getArchive({ path: '/tmp/file' })) as Readable;
  const tar = spawn('tar', ['-xO'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const sum = hashed(tar.stdout);
  await pipeline(stream, tar.stdin);
  expectDigest(await sum);
}

/** Of one container that talks while they listen; answers how many saw its last line. */
async function followLogs({ docker }: Side, { image }: EnginePair, count: number): Promise<number> {
  const script = 'sleep 5; for i in $(seq 1 50); do echo $i; sleep 0.1; done; echo last';
  const container = await docker.createContainer({ Image: image, Cmd: ['sh', '-c', script] });
  await container.start();
  const follow = async () => {
    const stream = (await container.logs({ follow: true, stdout: true })) as Readable;
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    await once(stream, 'end');
    return text.includes('last');
  };
  const seen = await Promise.all(Array.from({ length: count }, follow));
  return seen.filter(Boolean).length;
}

async function hashed(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

function expectDigest(found: string): void {
  if (found !== digest) throw new Error('what came back is not what was sent');
}

function* piecesOf(bytes: Buffer): Generator<Buffer, void, void> {
  for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024);
}

const two = (value: number) => Math.round(value * 100) / 100;
