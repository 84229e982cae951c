/** docker ps through the plain CLI: every kind of filter, and what its formats and counts show. */
import { beforeAll, expect, test } from 'vitest';
import { openDoor } from '../support/door.ts';
import { waitFor } from '../support/wait-for.ts';

const { app, a, b } = await openDoor();

const names = async (...filters: string[]) =>
  (await a.ok(['ps', '-a', '--format', '{{.Names}}', ...filters.flatMap((filter) => ['--filter', filter])]))
    .split('\n')
    .filter(Boolean)
    .sort();
const id = (name: string) => a.ok(['inspect', '-f', '{{.Id}}', name]);
const run = (name: string, ...rest: string[]) => a.ok(['run', '-d', '--name', name, ...rest]);
const idle = [app.image, 'sleep', '600'];

beforeAll(async () => {
  await a.ok(['network', 'create', 'net']);
  await a.ok(['build', '-q', '-t', 'own', '-'], { input: `FROM ${app.image}\nLABEL of=image\nEXPOSE 7000` });
  await run('first', '--label', 'tier=web', '--label', 'zone=1', '-v', 'data:/data', '-p', '8080', ...idle);
  await run('second', '--label', 'tier=db', '--network', 'net', '--expose', '9000', 'own', 'sleep', '600');
  const probe = ['--health-cmd', 'true', '--health-interval', '300ms'];
  await run('third', '--label', 'tier=web', '--label', 'zone=2', ...probe, ...idle);
  await a.run(['run', '--name', 'failed', app.image, 'sh', '-c', 'exit 3']);
  await a.ok(['create', '--name', 'new', app.image, 'true']);
  await a.ok(['pause', 'second']);
  await b.ok(['create', '--name', 'foreign', '--label', 'tier=web', app.image, 'true']);
});

const cases: [filters: string[], found: string[]][] = [
  [['name=ir'], ['first', 'third']],
  [['name=^first$'], ['first']],
  [
    ['name=first', 'name=new'],
    ['first', 'new'],
  ],
  [['label=tier=web'], ['first', 'third']],
  [['label=tier=web', 'label=zone=2'], ['third']],
  [['label=tier'], ['first', 'second', 'third']],
  [['label=of=image'], ['second']],
  [['status=running'], ['first', 'third']],
  [['status=paused'], ['second']],
  [['status=exited'], ['failed']],
  [
    ['status=created', 'status=exited'],
    ['failed', 'new'],
  ],
  [['status=dead'], []],
  [['exited=3'], ['failed']],
  [['exited=0'], []],
  [['ancestor=own'], ['second']],
  [['before=second'], ['first']],
  [['since=third'], ['failed', 'new']],
  [
    ['since=first', 'before=failed'],
    ['second', 'third'],
  ],
  [['since=first', 'status=running'], ['third']],
  [['volume=data'], ['first']],
  [['volume=/data'], ['first']],
  [['network=net'], ['second']],
  [['network=bridge'], ['failed', 'first', 'new', 'third']],
  [['expose=9000'], ['second']],
  [['expose=7000-8000/tcp'], ['second']],
  [['publish=1-65535'], ['first']],
  [['is-task=true'], []],
  [['is-task=false', 'name=new'], ['new']],
  [['name=first', 'label=tier=db'], []],
];
test.each(cases)('%j finds %j', async (filters, found) => {
  expect(await names(...filters)).toEqual(found);
});

test('by health, and by the beginning of an id', async () => {
  await waitFor(async () => (await names('health=healthy')).length === 1);
  expect(await names('health=healthy')).toEqual(['third']);
  expect(await names('health=none')).toEqual(['failed', 'first', 'new', 'second']);
  const first = await id('first');
  expect(await names(`id=${first}`)).toEqual(['first']);
  expect(await names(`id=${first.slice(0, 10)}`)).toEqual(['first']);
  expect(await names(`network=${await a.ok(['network', 'inspect', '-f', '{{.Id}}', 'net'])}`)).toEqual(['second']);
  expect(await names(`ancestor=${await a.ok(['images', '-q', 'own'])}`)).toEqual(['second']);
});

test('what is no filter, or no value of one, is said', async () => {
  const said = async (filter: string) => (await a.run(['ps', '--filter', filter])).stderr;
  expect(await said('nope=1')).toContain("nvalid filter 'nope'");
  expect(await said('status=nope')).toContain("nvalid filter 'status=nope'");
  expect(await said('before=nope')).toContain('No such container: nope');
  expect(await said('before=foreign')).toContain('No such container: foreign');
});

test('-a, -n, -l, -q, -s and --no-trunc, and what a format can show', async () => {
  expect((await a.ok(['ps', '-q'])).split('\n')).toHaveLength(3);
  expect((await a.ok(['ps', '-aq'])).split('\n')).toHaveLength(5);
  expect((await a.ok(['ps', '-n', '2', '--format', '{{.Names}}'])).split('\n')).toEqual(['new', 'failed']);
  expect(await a.ok(['ps', '-l', '--format', '{{.Names}}'])).toBe('new');
  expect(await a.ok(['ps', '-lq', '--no-trunc'])).toBe(await id('new'));
  const format =
    '{{.ID}} {{.Image}} {{.Command}} {{.State}} {{.Label "tier"}} {{.Mounts}} {{.Networks}} {{.LocalVolumes}}';
  const short = (await id('first')).slice(0, 12);
  expect(await a.ok(['ps', '--format', format, '--filter', 'name=first'])).toBe(
    `${short} ${app.image} "sleep 600" running web data bridge 1`,
  );
  expect(await a.ok(['ps', '-s', '--format', '{{.Size}}', '--filter', 'name=first'])).toMatch(/^\d.*B \(virtual /);
  expect(await a.ok(['ps', '--format', '{{.Status}}', '--filter', 'name=second'])).toMatch(/^Up .*\(Paused\)$/);
  expect(await a.ok(['ps', '-a', '--format', '{{.Status}}', '--filter', 'name=failed'])).toMatch(
    /^Exited \(3\) .* ago$/,
  );
});
