/** What a spec may ask for. */
import { expect, test } from 'vitest';
import { systemClock, systemIds } from '../../src/domain/clock.ts';
import { type ContainerSpec, containerSpec } from '../../src/domain/container-spec.ts';
import { refusalOf } from '../../src/providers/aws/runs/refusals.ts';
import { createMemoryProvider } from '../../src/providers/memory/memory.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { checkExecutable, checkSupported } from '../../src/services/check-spec.ts';

const provider = createMemoryProvider({ installId: 'test', clock: systemClock, ids: systemIds });
const maxima = { memoryMiB: 1024, cpus: 1, pids: 100 };
const limits = { maxima } as Parameters<typeof checkSupported>[2];
const check = (input: object) => () =>
  checkSupported(containerSpec.parse({ image: 'app', ...input }), provider, limits);

test('a description may be long, but a page of many must fit into memory', () => {
  const variables = (count: number) => ({
    env: Object.fromEntries(Array.from({ length: count }, (_, n) => [`V${n}`, 'x'.repeat(60_000)])),
  });
  expect(check(variables(4))).not.toThrow();
  expect(check(variables(5))).toThrow(expect.objectContaining({ code: 'too_large' }));
});

test('what a provider can never run is unsupported, by the field and with what to do instead', () => {
  const refusal = (spec: ContainerSpec) => refusalOf(spec, { forwarderImage: null });
  const fargate = { ...provider, features: { ...provider.features, refusalOf: refusal } };
  const checkOn = (input: object) => () =>
    checkSupported(containerSpec.parse({ image: 'app', ...input }), fargate, limits);
  expect(checkOn({ ports: [{ containerPort: 80 }] })).not.toThrow();
  expect(checkOn({ ports: [{ containerPort: 80, hostPort: 8080 }] })).toThrow(
    expect.objectContaining({
      code: 'unsupported',
      message: expect.stringContaining('publish the same number'),
      details: { fields: [expect.objectContaining({ path: 'ports.0.hostPort' })] },
    }),
  );
});

test('what is executed is no longer than a path, whether the spec or the image says it; its arguments may be', () => {
  const long = 'x'.repeat(5000);
  const executed =
    (input: object, image: { entrypoint?: string[]; command?: string[] } = {}) =>
    () =>
      checkExecutable(containerSpec.parse({ image: 'app', ...input }), {
        entrypoint: null,
        command: null,
        ...image,
      } as Parameters<typeof checkExecutable>[1]);
  expect(executed({ command: ['sh', '-c', long] })).not.toThrow();
  expect(executed({ command: [long] }, { entrypoint: ['sh', '-c'] })).not.toThrow();
  expect(executed({ command: [long] })).toThrow(/^command\.0:/);
  expect(executed({ entrypoint: [long] })).toThrow(/^entrypoint\.0:/);
  expect(executed({}, { entrypoint: [long] })).toThrow(/at most 4096/);
  expect(executed({}, { command: [long] })).toThrow(/at most 4096/);
});

test('something must be executed', () => {
  const image = { entrypoint: ['serve'], command: null } as Parameters<typeof checkExecutable>[1];
  expect(() => checkExecutable(containerSpec.parse({ image: 'app' }), image)).not.toThrow();
  const without = containerSpec.parse({ image: 'app', entrypoint: [] });
  expect(() => checkExecutable(without, image)).toThrow(/No command specified/);
});

test.for([
  [{ noNetwork: true, networks: [{ name: 'web' }] }, /^noNetwork:/],
  [{ resources: { memoryMiB: 8, memoryReservationMiB: 16 } }, /^resources.memoryReservationMiB:/],
  [{ resources: { shmMiB: 2048 } }, /^resources.shmMiB: at most 1024/],
] as const)('%j is refused', ([input, message]) => {
  expect(check(input)).toThrow(message);
});

test('secrets are for providers that have some, each under a name of its own', () => {
  const withSecrets = { ...provider, features: { ...provider.features, secrets: true } };
  const ask =
    (names: string[], on: Provider = withSecrets) =>
    () =>
      checkSupported(
        containerSpec.parse({
          image: 'app',
          env: { MODE: 'x' },
          secrets: names.map((name) => ({ name, secret: 's' })),
        }),
        on,
        limits,
      );
  expect(ask(['A', 'B'])).not.toThrow();
  expect(ask(['A', 'A'])).toThrow('secrets.1.name: A is given twice');
  expect(ask(['MODE'])).toThrow('secrets.0.name: MODE is given twice');
  expect(ask(['A'], provider)).toThrow(expect.objectContaining({ code: 'unsupported' }));
});
