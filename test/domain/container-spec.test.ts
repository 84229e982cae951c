import { describe, expect, it } from 'vitest';
import { containerSpec } from '../../src/domain/container-spec.ts';

const parse = (input: object) => containerSpec.parse({ image: 'busybox', ...input });

describe('the container spec', () => {
  it('applies its defaults at parse', () => {
    expect(parse({})).toEqual({
      version: 1,
      image: 'busybox',
      env: {},
      labels: {},
      resources: {},
      ports: [],
      mounts: [],
      networks: [],
      restart: { policy: 'no', maxRetries: 0 },
      stop: { graceSeconds: 10 },
      tty: false,
      stdin: false,
      init: false,
      readonlyRoot: false,
      autoRemove: false,
    });
  });

  it('parses its own output to itself: what is stored is canonical', () => {
    const once = parse({
      env: ['A=1', 'B=x=y'],
      restart: 'on-failure:3',
      stop: { signal: 'sigint' },
      ports: [{ containerPort: 80 }],
    });
    expect(once).toMatchObject({
      env: { A: '1', B: 'x=y' },
      restart: { policy: 'on-failure', maxRetries: 3 },
      stop: { signal: 'INT' },
    });
    expect(containerSpec.parse(once)).toEqual(once);
  });

  it.each([
    ['an unknown field', { privileged: true }],
    ['a label of the control plane', { labels: { 'longshore.tenant': 'x' } }],
    [
      'labels without end',
      { labels: Object.fromEntries(Array.from({ length: 5 }, (_, n) => [n, 'x'.repeat(16_000)])) },
    ],
    ['a health check that cannot be executed', { healthcheck: { command: ['CMD', 'x'.repeat(5000)] } }],
    ['NUL in a command', { command: ['a\0b'] }],
    ['NUL in a variable', { env: { A: '\0' } }],
    ['a relative mount', { mounts: [{ type: 'volume', target: 'data' }] }],
    ['a mount that climbs', { mounts: [{ type: 'volume', target: '/a/../etc' }] }],
    ['a signal nobody has', { stop: { signal: '65' } }],
    ['a signal with a name of its own', { stop: { signal: 'SIGFOO' } }],
    ['a port out of range', { ports: [{ containerPort: 70_000 }] }],
    ['too little memory', { resources: { memoryMiB: 1 } }],
    ['a restart policy nobody has', { restart: 'sometimes' }],
  ])('refuses %s', (_what, input) => {
    expect(containerSpec.safeParse({ image: 'busybox', ...input }).success).toBe(false);
  });
});
