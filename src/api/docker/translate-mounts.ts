/** Binds, Mounts, Tmpfs, Volumes and VolumesFrom to a spec's mounts. Pure. */
import { refuse } from './check-fields.ts';
import type { CreateBody, HostConfigBody, MountBody } from './create-body.ts';

const MiB = 2 ** 20;

/** As in the Engine, a volume that the image or `Volumes` asks for gives way to a mount of the same path. */
export function mountsOf({ HostConfig, Volumes }: CreateBody, warnings: string[]) {
  const mounts = [
    ...HostConfig.Binds.map((bind) => parseBind(bind, warnings)),
    ...HostConfig.Mounts.map(parseMount),
    ...Object.entries(HostConfig.Tmpfs).map(([target, options]) => parseTmpfs(target, options)),
  ];
  const taken = new Set(mounts.map(({ target }) => target));
  const anonymous = Volumes.map(cleanPath).filter((target) => !taken.has(target));
  return [...mounts, ...[...new Set(anonymous)].map((target) => ({ type: 'volume', target }))];
}

/** `/x/../y/` as `/y`: one path has one name. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return path.startsWith('/') ? `/${parts.join('/')}` : path;
}

/** `[source:]target[:options]`: a source with a slash is a path of the host, another one a volume. */
function parseBind(bind: string, warnings: string[]) {
  const parts = bind.split(':');
  const [source, target, options = ''] = parts.length === 1 ? [undefined, bind] : parts;
  if (parts.length > 3 || !target || source === '') {
    throw refuse('invalid', 'HostConfig.Binds', `must be source:target[:options], not ${JSON.stringify(bind)}`);
  }
  const asked = new Set(options.split(',').filter(Boolean));
  const isPath = source?.includes('/') ?? false;
  for (const option of asked) checkBindOption(option, isPath, warnings);
  const common = { target: cleanPath(target), readOnly: asked.has('ro') };
  if (isPath) return { ...common, type: 'bind', source };
  return { ...common, type: 'volume', source, ...(asked.has('nocopy') && { copy: false }) };
}

const ofNoEffect = new Set(['z', 'Z', 'cached', 'delegated', 'consistent', 'private', 'rprivate', 'copy', 'default']);

function checkBindOption(option: string, isPath: boolean, warnings: string[]): void {
  if (option === 'rw' || option === 'ro' || (option === 'nocopy' && !isPath)) return;
  if (option === 'z' || option === 'Z' || option === 'cached' || option === 'delegated') {
    warnings.push(`HostConfig.Binds: the option "${option}" has no effect here`);
  }
  if (ofNoEffect.has(option)) return;
  const isSpreading = ['shared', 'rshared', 'slave', 'rslave'].includes(option);
  throw isSpreading
    ? refuse('forbidden', 'HostConfig.Binds', `is refused: "${option}" would let mounts spread. Leave it out`)
    : refuse('invalid', 'HostConfig.Binds', `has an option that is unknown: ${JSON.stringify(option)}`);
}

function parseMount({ Type, Source, Target, ReadOnly, VolumeOptions, TmpfsOptions }: MountBody, position: number) {
  const field = `HostConfig.Mounts[${position}]`;
  const target = cleanPath(Target);
  if (VolumeOptions && Type !== 'volume') throw refuse('invalid', `${field}.VolumeOptions`, `is not for a ${Type}`);
  if (TmpfsOptions && Type !== 'tmpfs') throw refuse('invalid', `${field}.TmpfsOptions`, `is not for a ${Type}`);
  switch (Type) {
    case 'bind':
      return { type: Type, source: Source, target, readOnly: ReadOnly };
    case 'volume': {
      const { NoCopy, Labels } = VolumeOptions ?? {};
      const options = { ...(NoCopy && { copy: false }), ...(Labels && { labels: Labels }) };
      return { type: Type, source: Source, target, readOnly: ReadOnly, ...options };
    }
    case 'tmpfs': {
      if (Source) throw refuse('invalid', `${field}.Source`, 'is not for a tmpfs');
      const { SizeBytes, Mode, Options = [] } = TmpfsOptions ?? {};
      const words = Options.map((pair) => pair.join('='));
      return {
        ...tmpfsOptions(words, `${field}.TmpfsOptions`),
        ...(SizeBytes && { sizeMiB: SizeBytes / MiB }),
        ...(Mode && { mode: Mode }),
        ...(ReadOnly && { readOnly: true }),
        type: Type,
        target,
      };
    }
  }
}

const parseTmpfs = (target: string, options: string) => ({
  ...tmpfsOptions(options.split(',').filter(Boolean), 'HostConfig.Tmpfs'),
  type: 'tmpfs',
  target: cleanPath(target),
});

const units: Record<string, number> = { '': 1, k: 2 ** 10, m: MiB, g: 2 ** 30 };

/** Those of mount(8) that concern a tmpfs. */
function tmpfsOptions(words: string[], field: string) {
  const options: Record<string, unknown> = {};
  for (const word of words) {
    const [name = '', value = ''] = word.split('=', 2);
    const bytes = /^(\d+)([kmg]?)$/i.exec(value);
    if (name === 'size' && bytes) {
      options.sizeMiB = (Number(bytes[1]) * (units[bytes[2]?.toLowerCase() ?? ''] ?? 1)) / MiB;
    } else if (name === 'mode' && /^[0-7]{1,5}$/.test(value)) options.mode = Number.parseInt(value, 8);
    else if ((name === 'uid' || name === 'gid') && /^\d{1,10}$/.test(value)) options[name] = Number(value);
    else if (word === 'ro') options.readOnly = true;
    else if (word === 'exec') options.exec = true;
    else if (word === 'suid' || word === 'dev') {
      throw refuse('forbidden', field, `is refused: "${word}" would give programs more rights. Leave it out`);
    } else if (!['rw', 'noexec', 'nosuid', 'nodev'].includes(word)) {
      throw refuse('invalid', field, `has an option that is unknown: ${JSON.stringify(word.slice(0, 100))}`);
    }
  }
  return options;
}

/** `container[:ro|rw]`; without either the mounts are as they are there. */
export function volumesFromOf({ VolumesFrom }: HostConfigBody) {
  return VolumesFrom?.map((entry) => {
    const [container = '', mode = '', ...more] = entry.split(':');
    if (container === '' || more.length > 0 || !['', 'ro', 'rw', 'z', 'Z'].includes(mode)) {
      throw refuse('invalid', 'HostConfig.VolumesFrom', `must be container[:ro|rw], not ${JSON.stringify(entry)}`);
    }
    return { container, ...(mode === 'ro' && { readOnly: true }), ...(mode === 'rw' && { readOnly: false }) };
  });
}
