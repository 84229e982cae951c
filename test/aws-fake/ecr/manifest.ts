/** What a manifest says: its media type, the blobs it needs, the manifests that a list names. */

export interface Descriptor {
  digest: string;
  size: number;
  mediaType?: string;
  platform?: { os?: string; architecture?: string };
}

interface Manifest {
  schemaVersion?: number;
  mediaType?: string;
  config?: Descriptor;
  layers?: Descriptor[];
  manifests?: Descriptor[];
}

export function parseManifest(bytes: Buffer): Manifest | undefined {
  try {
    const parsed: Manifest = JSON.parse(bytes.toString('utf8'));
    const known = parsed.schemaVersion === 2 && (Array.isArray(parsed.layers) || Array.isArray(parsed.manifests));
    return known ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function manifestMediaType(bytes: Buffer): string {
  const parsed = parseManifest(bytes);
  if (parsed?.mediaType) return parsed.mediaType;
  return parsed?.manifests ? 'application/vnd.oci.image.index.v1+json' : 'application/vnd.oci.image.manifest.v1+json';
}

/** Config and layers of an image; nothing for a list. */
export function manifestBlobs(bytes: Buffer): Descriptor[] {
  const { config, layers = [] } = parseManifest(bytes) ?? {};
  return [...(config ? [config] : []), ...layers];
}

/** The manifests of a list; undefined for an image. */
export function manifestChildren(bytes: Buffer): Descriptor[] | undefined {
  return parseManifest(bytes)?.manifests;
}

export function platformMatches(platform: Descriptor['platform'], arch: string): boolean {
  return platform === undefined || (platform.os === 'linux' && platform.architecture === arch);
}
