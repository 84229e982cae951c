/** Rows of the commands that look into containers, and carry files in and out. */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { inChunks, readEntries } from '../support/tar.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Bench, patient, type Rows } from './row.ts';

interface Sample {
  cpu_stats: { cpu_usage: { total_usage: number } };
  precpu_stats: { cpu_usage: { total_usage: number } };
  memory_stats: { usage: number };
}

export function insideRows({ a, app, box, folder, image }: Bench): Rows {
  return {
    top: {
      checks: 'its processes and none of ours',
      check: async () => {
        const told = await a.ok(['top', box]);
        expect(told).toContain('sleep 3000');
        expect(told).not.toContain('ssm');
      },
    },
    stats: {
      checks: 'what it uses, again and again',
      check: async () => {
        const following = a.start(['stats', '--format', '{{.Name}} {{.MemUsage}} {{.PIDs}}', box]);
        let seen = '';
        following.stdout?.on('data', (chunk) => {
          seen += chunk;
        });
        await waitFor(() => /box [\d.]+[KM]iB \/ [\d.]+[MG]iB [1-9]/.test(seen), patient);
        following.kill('SIGKILL');
        await once(following, 'exit');
      },
    },
    'stats --no-stream': {
      checks: 'one sample, with the one before it; the CLI has it or says that it waited too long',
      check: async () => {
        const path = `/v1.44/containers/${box}/stats?stream=0`;
        const sample = await app.a.admin.expect<Sample>(200, 'GET', path);
        expect(sample.cpu_stats.cpu_usage.total_usage).toBeGreaterThanOrEqual(
          sample.precpu_stats.cpu_usage.total_usage,
        );
        expect(sample.memory_stats.usage).toBeGreaterThan(0);
        const told = await a.run(['stats', '--no-stream', box]);
        if (told.exitCode !== 0) expect(told.stderr).toContain('timeout waiting for stats');
      },
    },
    diff: { refused: ['diff', box] },
    commit: { refused: ['commit', box, 'made:1'] },
    export: {
      checks: 'its files, and what it wrote itself',
      check: async () => {
        await a.ok(['exec', box, 'sh', '-c', 'echo mine > /root/own']);
        await a.ok(['export', '-o', join(folder, 'box.tar'), box]);
        const entries = await readEntries(inChunks(readFileSync(join(folder, 'box.tar')), 65_536));
        expect(entries['root/own']).toMatchObject({ text: 'mine\n' });
        expect(Object.keys(entries)).toContain('etc/passwd');
      },
    },
    'cp before a start': {
      prepare: () => a.ok(['create', '--name', 'waiting', image, 'sleep', '300']),
      refused: ['cp', '/etc/hostname', 'waiting:/tmp/name'],
    },
    cp: {
      checks: 'files and folders in and out, and to standard output',
      check: async () => {
        mkdirSync(join(folder, 'in/deep'), { recursive: true });
        writeFileSync(join(folder, 'in/deep/note'), 'hello\n');
        await a.ok(['cp', join(folder, 'in'), `${box}:/tmp/`]);
        expect(await a.ok(['exec', box, 'cat', '/tmp/in/deep/note'])).toBe('hello');
        await a.ok(['cp', `${box}:/tmp/in`, join(folder, 'out')]);
        expect(readFileSync(join(folder, 'out/deep/note'), 'utf8')).toBe('hello\n');
        expect((await a.run(['cp', `${box}:/tmp/in/deep/note`, '-'])).stdout).toContain('hello\n');
      },
    },
  };
}
