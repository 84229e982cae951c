/** Repositories of an account in a region: manifests, their tags, and the layers they may use. */
import { createHash, randomUUID } from 'node:crypto';
import type { Repository, Tag } from '@aws-sdk/client-ecr';
import { AwsError } from '../aws-error.ts';
import { PullError, type PulledImage } from '../runtime/runtime.ts';
import { manifestChildren, manifestMediaType, platformMatches } from './manifest.ts';

export interface StoredManifest {
  digest: string;
  bytes: Buffer;
  mediaType: string;
  tags: Set<string>;
  pushedAt: Date;
  pulledAt: Date | undefined;
}

export interface StoredRepository {
  shown: Repository & { repositoryName: string; repositoryArn: string };
  tags: Tag[];
  policy: string | undefined;
  lifecyclePolicy: string | undefined;
  manifests: Map<string, StoredManifest>;
  layers: Map<string, Buffer>;
}

export interface LayerUpload {
  id: string;
  repository: string;
  parts: Buffer[];
  bytes: number;
}

export class ImageStore {
  readonly repositories = new Map<string, StoredRepository>();
  readonly uploads = new Map<string, LayerUpload>();
  /** `<account>.dkr.ecr.<region>.amazonaws.com`, and the address of the fake, which serves the same images. */
  readonly hosts: [canonical: string, local: string];
  /** The password of the login with which the Engine pulls for tasks. */
  readonly internalPassword: string;

  constructor(hosts: [canonical: string, local: string], internalPassword: string) {
    this.hosts = hosts;
    this.internalPassword = internalPassword;
  }

  /** What references for `docker push` start with. AWS gives its own name; the fake gives the one that leads to it. */
  pushHost(): string {
    return this.hosts[1];
  }

  openUpload(repository: string): LayerUpload {
    const upload = { id: randomUUID(), repository, parts: [], bytes: 0 };
    this.uploads.set(upload.id, upload);
    return upload;
  }

  repository(name = ''): StoredRepository {
    const found = this.repositories.get(name);
    if (!found) {
      const text = `The repository with name '${name}' does not exist in the registry`;
      throw new AwsError('RepositoryNotFoundException', text);
    }
    return found;
  }

  /** By digest (`sha256:…`) or tag. */
  manifest(repository: StoredRepository, reference: string): StoredManifest | undefined {
    if (reference.startsWith('sha256:')) return repository.manifests.get(reference);
    return [...repository.manifests.values()].find(({ tags }) => tags.has(reference));
  }

  /** Stores the bytes and moves the tag to them. */
  put(repository: StoredRepository, bytes: Buffer, tag: string | undefined, mediaType: string | undefined, at: Date) {
    const digest = digestOf(bytes);
    const stored = repository.manifests.get(digest) ?? {
      digest,
      bytes,
      mediaType: mediaType ?? manifestMediaType(bytes),
      tags: new Set<string>(),
      pushedAt: at,
      pulledAt: undefined,
    };
    repository.manifests.set(digest, stored);
    if (tag === undefined) return stored;
    for (const other of repository.manifests.values()) other.tags.delete(tag);
    stored.tags.add(tag);
    return stored;
  }

  /**
   * Where the Engine finds an image that a task definition names. Throws PullError when it is of this registry but not
   * there, or not there for that architecture.
   */
  pullSource(image: string, architecture: string | undefined) {
    const arch = architecture === 'ARM64' ? 'arm64' : 'amd64';
    const platform = `linux/${arch}`;
    const slash = image.indexOf('/');
    const host = image.slice(0, slash);
    const elsewhere: PulledImage = { reference: image, login: undefined, platform };
    if (slash < 0 || !this.hosts.includes(host)) return { ...elsewhere, digest: undefined, repositoryArn: undefined };
    const path = image.slice(slash + 1);
    const [name = '', digest] = path.split('@');
    const [repositoryName = '', tag = 'latest'] = name.split(':');
    const repository = this.repositories.get(repositoryName);
    const manifest = repository && this.manifest(repository, digest ?? tag);
    if (!repository || !manifest) {
      const text = `failed to resolve ref ${image}: ${image}: not found`;
      throw new PullError(`pull image manifest has been retried 1 time(s): ${text}`);
    }
    if (!hasPlatform(manifest, arch)) {
      const text = `image Manifest does not contain descriptor matching platform '${platform}'`;
      throw new PullError(`pull image manifest has been retried 7 time(s): ${text}`);
    }
    return {
      reference: `${this.hosts[1]}/${repositoryName}@${manifest.digest}`,
      login: { username: 'AWS', password: this.internalPassword },
      platform,
      digest: manifest.digest,
      repositoryArn: repository.shown.repositoryArn,
    };
  }
}

/** Only a list says what it is for; a plain image of the wrong kind fails when it is run. */
function hasPlatform({ bytes }: StoredManifest, arch: string): boolean {
  const children = manifestChildren(bytes);
  return children === undefined || children.some(({ platform }) => platformMatches(platform, arch));
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
