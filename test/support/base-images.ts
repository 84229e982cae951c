/** Images for tests without a registry to pull them from: a root file system of busybox, imported into the Engine. */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type Docker from 'dockerode';

/** On the Engine after the global setup of any run with a `.docker.test.ts` file. Has a shell, no CMD of its own use. */
export const busyboxImage = 'longshore-test/busybox:latest';

const busyboxPath = '/bin/busybox';

/** Change it together with the recipe below, so that an older image on the Engine is made again. */
const recipe = '1';

/** Makes `busyboxImage` unless the Engine has it. Needs Debian's busybox-static. */
export const makeBusyboxImage = (docker: Docker): Promise<void> => makeImage(docker, busyboxImage, recipe, () => {});

/** The same with programs of this machine's in place of busybox's, and the libraries that they are linked with. Returns its name. */
export async function makeImageWith(docker: Docker, name: string, programs: string[]): Promise<string> {
  const image = `longshore-test/${name}:latest`;
  await makeImage(docker, image, [recipe, ...programs].join(','), (root) => {
    const libraries = programs.flatMap(
      (path) => execFileSync('ldd', [path], { encoding: 'utf8' }).match(/\/\S+/g) ?? [],
    );
    for (const file of [...programs, ...libraries]) {
      rmSync(join(root, file), { force: true });
      mkdirSync(dirname(join(root, file)), { recursive: true });
      copyFileSync(file, join(root, file));
    }
  });
  return image;
}

/** @param add what is in it beside busybox */
async function makeImage(docker: Docker, image: string, version: string, add: (root: string) => void): Promise<void> {
  const [found] = await docker.listImages({ filters: { reference: [image], label: [`recipe=${version}`] } });
  if (found) return;
  const root = mkdtempSync(join(tmpdir(), 'longshore-busybox-'));
  try {
    makeRootFolder(root);
    add(root);
    const tar = spawn('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-c', '.']);
    const [repo, tag] = image.split(':');
    const changes = ['CMD ["/bin/sh"]', 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin', `LABEL recipe=${version}`];
    await finish(docker, await docker.importImage(tar.stdout, { repo, tag, changes }));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/**
 * Pushes the image to a registry as `<host>/<name>` and forgets that tag on the Engine, so that a pull has something to do.
 * Returns the reference.
 */
export async function pushImage(
  docker: Docker,
  image: string,
  target: { host: string; name: string; credentials?: { username: string; password: string } },
): Promise<string> {
  const reference = `${target.host}/${target.name}`;
  const colon = target.name.lastIndexOf(':');
  const repository = colon < 0 ? target.name : target.name.slice(0, colon);
  const tag = colon < 0 ? 'latest' : target.name.slice(colon + 1);
  await docker.getImage(image).tag({ repo: `${target.host}/${repository}`, tag });
  const pushed = docker.getImage(`${target.host}/${repository}:${tag}`);
  const authconfig = { username: '', password: '', ...target.credentials, serveraddress: target.host };
  await finish(docker, await pushed.push({ tag, authconfig }));
  await pushed.remove();
  return reference;
}

function makeRootFolder(root: string): void {
  for (const folder of ['bin', 'etc', 'root', 'tmp', 'var']) mkdirSync(join(root, folder));
  chmodSync(join(root, 'tmp'), 0o1777);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnobody:x:65534:\n');
  copyFileSync(busyboxPath, join(root, 'bin/busybox'));
  for (const applet of execFileSync(busyboxPath, ['--list-full'], { encoding: 'utf8' }).trim().split('\n')) {
    const path = join(root, applet);
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) symlinkSync('/bin/busybox', path);
  }
}

/** Waits for the end of an Engine's progress stream and throws what it reports as an error. */
async function finish(docker: Docker, progress: NodeJS.ReadableStream): Promise<void> {
  const steps = await new Promise<{ error?: string }[]>((resolve, reject) => {
    docker.modem.followProgress(progress, (error, output) => (error ? reject(error) : resolve(output)));
  });
  const failed = steps.find((step) => step.error !== undefined);
  if (failed) throw new Error(failed.error);
}
