/** A folder of the host that a tenant may mount. Whoever is granted one is trusted with the host. */
export interface BindGrant {
  /** By name. */
  tenant: string;
  /** Absolute, as the operator wrote it. */
  path: string;
}

/** Of two absolute paths without `..`; a name that only begins like the folder's is another one. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
