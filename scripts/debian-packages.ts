/** Installs Debian packages for the commands that may do so. Owns how apt is called, not which packages are wanted. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';

/** True on Debian, Ubuntu and their kin when this process may install packages. */
export function canInstallPackages(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

/** The packages of the list that are not installed; all of them where dpkg is unknown. */
export function missingPackages(names: readonly string[]): string[] {
  const selections = spawnSync('dpkg', ['--get-selections', ...names], { encoding: 'utf8' }).stdout ?? '';
  const installed = new Set([...selections.matchAll(/^([^\s:]+)\S*\s+(?:install|hold)$/gm)].map((match) => match[1]));
  return names.filter((name) => !installed.has(name));
}

/** Installs packages, fetching the package lists first only when the present ones do not do. Throws with apt's own words. */
export function installPackages(names: readonly string[]): void {
  const install = ['install', '-y', '--no-install-recommends', ...names];
  if (apt(install).status === 0) return;
  apt(['update']);
  const second = apt(install);
  if (second.status !== 0) throw new Error(`apt-get could not install ${names.join(' ')}:\n${second.stderr.trim()}`);
}

/** Keeps systemd from starting a service that a package to be installed brings along; only its program is wanted. */
export function keepServiceOff(name: string): void {
  const unit = `/etc/systemd/system/${name}.service`;
  if (existsSync('/run/systemd/system') && !existsSync(unit)) symlinkSync('/dev/null', unit);
}

function apt(args: string[]) {
  return spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'a' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
