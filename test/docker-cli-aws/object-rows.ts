/** Rows of the commands that work on volumes, networks and the whole. */
import { expect } from 'vitest';
import type { Bench, Rows } from './row.ts';

export function objectRows({ a, b, box, app, account, image }: Bench): Rows {
  const { efs, ec2 } = account.site;
  return {
    'volume create': {
      checks: 'it is there, with its labels',
      check: async () => expect(await a.ok(['volume', 'create', '--label', 'kind=test', 'vol'])).toBe('vol'),
    },
    'volume ls': {
      checks: 'of the tenant only',
      check: async () => {
        expect(await a.ok(['volume', 'ls', '-q', '--filter', 'label=kind=test'])).toBe('vol');
        expect(await b.ok(['volume', 'ls', '-q'])).toBe('');
      },
    },
    'volume inspect': {
      checks: 'its labels',
      check: async () => expect(await a.ok(['volume', 'inspect', 'vol', '--format', '{{.Labels.kind}}'])).toBe('test'),
    },
    'volume rm': {
      checks: 'it is gone, and its access point too',
      check: async () => {
        const name = (await a.ok(['run', '-d', '-v', 'vol:/data', image, 'true'])).slice(0, 12);
        const before = efs.accessPoints.size;
        expect((await a.run(['volume', 'rm', 'vol'])).stderr).toContain('mounted by a container');
        await a.ok(['rm', '-f', name]);
        await a.ok(['volume', 'rm', 'vol']);
        expect(efs.accessPoints.size).toBe(before - 1);
      },
    },
    'volume prune': {
      checks: 'what nobody uses',
      check: async () => {
        await a.ok(['volume', 'create', 'idle']);
        await a.ok(['volume', 'prune', '-a', '-f']);
        expect(await a.ok(['volume', 'ls', '-q', '--filter', 'name=idle'])).toBe('');
      },
    },
    'network create': {
      checks: 'a security group of its own',
      check: async () => {
        const before = ec2.groups.size;
        await a.ok(['network', 'create', '--label', 'kind=test', 'net']);
        expect(ec2.groups.size).toBe(before + 1);
      },
    },
    'network create --internal': { refused: ['network', 'create', '--internal', 'inside'] },
    'network create --subnet': { refused: ['network', 'create', '--subnet', '172.28.7.0/24', 'chosen'] },
    'network ls': {
      checks: 'of the tenant only',
      check: async () => {
        expect(await a.ok(['network', 'ls', '--filter', 'label=kind=test', '--format', '{{.Name}}'])).toBe('net');
        expect(await b.ok(['network', 'ls', '--filter', 'label=kind=test', '-q'])).toBe('');
      },
    },
    'network inspect': {
      checks: 'its labels',
      check: async () => expect(await a.ok(['network', 'inspect', 'net', '--format', '{{.Labels.kind}}'])).toBe('test'),
    },
    'network connect': { refused: ['network', 'connect', 'net', box] },
    'network disconnect': { refused: ['network', 'disconnect', 'bridge', box] },
    'network rm': {
      checks: 'its security group is gone',
      check: async () => {
        const before = ec2.groups.size;
        await a.ok(['network', 'rm', 'net']);
        expect(ec2.groups.size).toBe(before - 1);
      },
    },
    'network prune': {
      checks: 'what nobody uses',
      check: async () => {
        await a.ok(['network', 'create', 'idle']);
        await a.ok(['network', 'prune', '-f']);
        expect(await a.ok(['network', 'ls', '--format', '{{.Name}}'])).not.toContain('idle');
      },
    },
    'system df': {
      checks: 'its images and containers are counted',
      check: async () =>
        expect(await a.ok(['system', 'df', '--format', '{{.Type}} {{.TotalCount}}'])).toContain('Images 1'),
    },
    events: {
      checks: 'since, until and filters, and nothing of another tenant',
      check: async () => {
        const until = String(Math.ceil(Date.now() / 1000) + 1);
        const past = ['events', '--since', '0', '--until', until, '--format', '{{.Action}}'];
        expect(await a.ok([...past, '--filter', 'container=box', '--filter', 'event=start'])).toBe('start');
        expect(await b.ok([...past, '--filter', 'type=container'])).toBe('');
      },
    },
    info: {
      checks: 'the provider, and the numbers of the tenant',
      check: async () => {
        expect(await a.ok(['info', '--format', '{{.Name}} {{.Driver}}'])).toBe(`${app.a.name} aws`);
      },
    },
    version: {
      checks: 'the API version',
      check: async () => expect(await a.ok(['version', '--format', '{{.Server.APIVersion}}'])).toBe('1.51'),
    },
  };
}
