/**
 * Image references and records. Grammar and normal forms are those of the distribution reference package:
 * https://pkg.go.dev/github.com/distribution/reference (domain/path:tag@digest, docker.io and library/ implied).
 */
import { z } from 'zod';
import { AppError } from './errors.ts';

export interface ImageReference {
  /** Registry host with port, docker.io when none was written. */
  domain: string;
  /** Repository path below the domain, `library/` included. */
  path: string;
  tag: string | null;
  digest: string | null;
}

const domainPattern =
  /^(localhost|\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(:\d{1,5})?$/;
const pathPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Parses what a person writes. Throws `invalid` naming the reference; nothing is looked up. */
export function parseImageReference(text: string): ImageReference {
  const bad = () => new AppError('invalid', `Invalid image reference: ${JSON.stringify(text.slice(0, 300))}`);
  if (text.length > 512) throw bad();
  const [beforeDigest = '', digest = null, ...more] = text.split('@');
  if (more.length > 0 || (digest !== null && !digestPattern.test(digest))) throw bad();

  const lastColon = beforeDigest.lastIndexOf(':');
  const hasTag = lastColon > beforeDigest.lastIndexOf('/');
  const name = hasTag ? beforeDigest.slice(0, lastColon) : beforeDigest;
  const tag = hasTag ? beforeDigest.slice(lastColon + 1) : null;
  if (tag !== null && !tagPattern.test(tag)) throw bad();

  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const hasDomain =
    first.includes('.') || first.includes(':') || first === 'localhost' || first !== first.toLowerCase();
  const domain = hasDomain ? first : 'docker.io';
  let path = hasDomain ? name.slice(slash + 1) : name;
  if (domain === 'docker.io' && !path.includes('/')) path = `library/${path}`;
  if (!domainPattern.test(domain) || !pathPattern.test(path) || path.length > 255) throw bad();
  if (/^[0-9a-f]{64}$/.test(name)) throw bad();
  return {
    domain: domain === 'index.docker.io' ? 'docker.io' : domain,
    path,
    tag: tag ?? (digest === null ? 'latest' : null),
    digest,
  };
}

/** The form that people read: docker.io and library/ left out, unless what is left would be read as a registry's host. */
export function familiarRepository({ domain, path }: Pick<ImageReference, 'domain' | 'path'>): string {
  if (domain !== 'docker.io') return `${domain}/${path}`;
  const [first = '', ...rest] = path.split('/');
  if (first === 'library' && rest.length === 1) return rest.join('/');
  return first.includes('.') || first === 'localhost' ? `docker.io/${path}` : path;
}

/** `repository:tag`, `repository@digest`, or both, in the familiar form. */
export function familiarReference(reference: ImageReference): string {
  const tag = reference.tag === null ? '' : `:${reference.tag}`;
  const digest = reference.digest === null ? '' : `@${reference.digest}`;
  return familiarRepository(reference) + tag + digest;
}

/** A full image id, or null when the text is not one. */
export function asImageId(text: string): string | null {
  if (digestPattern.test(text)) return text;
  return /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : null;
}

/** Lower and upper case hex digits that could begin an id, as people shorten them. */
export const idPrefix = /^[0-9a-f]{1,64}$/;

export const imageConfig = z.object({
  entrypoint: z.array(z.string()).nullable(),
  command: z.array(z.string()).nullable(),
  env: z.array(z.string()),
  workdir: z.string(),
  user: z.string(),
  labels: z.record(z.string(), z.string()),
  exposedPorts: z.array(z.string()),
  volumes: z.array(z.string()),
  stopSignal: z.string().nullable(),
  /** Null: none, or switched off. `command` begins with CMD or CMD-SHELL; zeros stand for the defaults of whoever runs it. */
  healthcheck: z
    .object({
      command: z.array(z.string()),
      intervalSeconds: z.number(),
      timeoutSeconds: z.number(),
      startPeriodSeconds: z.number(),
      retries: z.number(),
    })
    .nullable(),
  shell: z.array(z.string()).nullable(),
  onBuild: z.array(z.string()),
});
export type ImageConfig = z.infer<typeof imageConfig>;

/** The newest step first. */
export const imageHistory = z.array(
  z.object({
    createdAt: z.string(),
    createdBy: z.string(),
    sizeBytes: z.number(),
    comment: z.string(),
    emptyLayer: z.boolean(),
  }),
);

/** What a provider knows of an image; stored once per tenant that holds it. */
export const imageDetails = z.object({
  /** `sha256:…` of the config: the image's identity everywhere. */
  id: z.string().regex(digestPattern),
  /** `sha256:…` of the manifest (or index) at its registry, when it came from one. */
  digest: z.string().nullable(),
  os: z.string(),
  architecture: z.string(),
  sizeBytes: z.number(),
  createdAt: z.string(),
  author: z.string(),
  comment: z.string(),
  config: imageConfig,
  /** diff ids, base layer first. */
  layers: z.array(z.string()),
  history: imageHistory,
});
export type ImageDetails = z.infer<typeof imageDetails>;

/** @param platform as Docker writes it: `linux/arm64/v8`, or one part of it. The variant is not recorded with an image */
export function isForPlatform(
  { os, architecture }: Pick<ImageDetails, 'os' | 'architecture'>,
  platform: string,
): boolean {
  const aliases: Record<string, string> = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64' };
  const [first = '', second] = platform
    .toLowerCase()
    .split('/')
    .map((part) => aliases[part] ?? part);
  return second === undefined ? first === os || first === architecture : first === os && second === architecture;
}

export interface ImageTag {
  /** Familiar form. */
  repository: string;
  tag: string;
}

export interface Image extends ImageDetails {
  tenantId: string;
  /** Held for every tenant by the operator: visible, never changeable. */
  shared: boolean;
  tags: ImageTag[];
  /** `repository@sha256:…` for each place it was pulled from. */
  repoDigests: string[];
  pulledAt: Date;
}
