/**
 * One table from what the Engine answers to the port's error codes. The Engine's own text names foreign ids and paths: it
 * is matched here and travels in `cause`, never in the message.
 */
import { AppError, type ErrorCode, type ErrorDetails } from '../../domain/errors.ts';

/** What a call is about, in words that a tenant may read. */
export interface Subject {
  noun: 'container' | 'image' | 'network' | 'attachment' | 'volume' | 'path' | 'process' | 'engine';
  /** The tenant's own name of it, where the call knows one. */
  reference?: string;
  /** The registry that the Engine talks to during this call. */
  registry?: string;
}

interface Rule {
  about?: readonly Subject['noun'][];
  status?: number;
  text?: RegExp;
  code: ErrorCode;
  say: string | ((subject: Subject, match: RegExpExecArray | null) => string);
  details?: ErrorDetails;
}

const gone = ({ noun, reference }: Subject) =>
  reference === undefined ? `The ${noun} is gone from the Docker Engine` : `No such ${noun}: ${reference}`;
const portTaken = (_: Subject, match: RegExpExecArray | null) => `Port ${match?.[1]} is already in use`;
const registry = (does: string) => (subject: Subject) =>
  `The registry ${subject.registry} ${does}: ${subject.reference}`;

/** The registry speaks through the Engine with statuses that mean little, so its words come first. */
const registryRules: readonly Rule[] = [
  { text: /toomanyrequests|too many requests/i, code: 'rate_limited', say: registry('asks to slow down') },
  {
    text: /unauthorized|authentication required|denied|no basic auth|insufficient_scope|forbidden/i,
    code: 'forbidden',
    say: registry('refused access'),
  },
  {
    text: /manifest unknown|name unknown|not found|no matching manifest/i,
    code: 'not_found',
    say: registry('has no such image'),
  },
  {
    text: /dial tcp|no such host|timeout|deadline|TLS|x509|EOF|connection (refused|reset)|HTTP response to HTTPS|canceled|unreachable/i,
    code: 'unavailable',
    say: registry('cannot be reached'),
  },
];

const rules: readonly Rule[] = [
  { text: /:(\d+) failed: port is already allocated/, code: 'conflict', say: portTaken },
  { text: /listen (?:tcp|udp)\d? \S*:(\d+): bind: address already in use/, code: 'conflict', say: portTaken },
  {
    text: /exec: .*(executable file not found|no such file or directory|not a directory)/s,
    code: 'invalid',
    say: 'The command is not in the image: executable file not found',
    details: { exitCode: 127 },
  },
  {
    text: /exec: .*(permission denied|is a directory|exec format error)/s,
    code: 'invalid',
    say: 'The command cannot be executed: permission denied',
    details: { exitCode: 126 },
  },
  { text: /unable to find (user|group)/, code: 'invalid', say: (_, match) => `The image has no such ${match?.[1]}` },
  { text: /no matching entries in (passwd|group) file/, code: 'invalid', say: 'The image has no such user' },
  {
    text: /extraction point is not a directory|lstat .*: not a directory/,
    about: ['path'],
    code: 'invalid',
    say: ({ reference }) => `Not a directory in the container: ${reference}`,
  },
  {
    text: /cannot overwrite (non-)?directory/,
    about: ['path'],
    code: 'invalid',
    say: (_, match) =>
      match?.[1] ? 'A directory cannot replace what is none' : 'A directory cannot be replaced by what is none',
  },
  {
    text: /rootfs is marked read-only|mounted volume is marked read-only/,
    about: ['path'],
    code: 'forbidden',
    say: 'Nothing can be written there: it is read-only',
  },
  {
    text: /processing tar file|breakout|unexpected EOF|archive\/tar/,
    about: ['path'],
    code: 'invalid',
    say: 'The archive cannot be unpacked',
  },
  { text: /unable to set memory limit/, code: 'conflict', say: 'The container uses more memory than that' },
  { text: /not (a )?directory/, code: 'invalid', say: 'A mount or the working directory is a file in the image' },
  { text: /Range of CPUs is from/, code: 'invalid', say: 'The machine has fewer CPUs than were asked for' },
  {
    // The latter two: it is just being deleted.
    text: /No such image|no such image|unrecognized image ID|failed to get digest sha256/,
    code: 'not_found',
    say: ({ reference }) => gone({ noun: 'image', ...(reference && { reference }) }),
  },
  {
    text: /network \S+ (not found|is ambiguous)/,
    about: ['container'],
    code: 'not_found',
    say: gone({ noun: 'network' }),
  },
  {
    text: /non-overlapping IPv4 address pool|address pools have been fully subnetted/,
    code: 'limit',
    say: 'No address range is free for another network',
  },
  // Left behind by an Engine that ended; a later one may be rid of it.
  {
    text: /endpoint with name \S+ already exists/,
    about: ['container'],
    code: 'unavailable',
    say: 'The network of the container is not ready',
  },
  { text: /is not connected to/, about: ['attachment'], code: 'not_found', say: 'The container is not on the network' },
  { text: /Pool overlaps/, code: 'limit', say: 'Pool overlaps with other one on this address space' },
  { text: /cannot resize a stopped container/, code: 'conflict', say: 'The process has ended' },
  { text: /is (not|already) (paused|running)/, code: 'conflict', say: 'The state of the container forbids this' },
  { text: /has active endpoints/, code: 'conflict', say: 'Containers are attached to the network' },
  { text: /no space left on device/, code: 'unavailable', say: 'The disk of the Docker Engine is full' },
  { status: 400, code: 'invalid', say: ({ noun }) => `The Docker Engine cannot make this ${noun}` },
  { status: 401, code: 'forbidden', say: 'The Docker Engine refused the call' },
  { status: 403, code: 'forbidden', say: 'The Docker Engine refused the call' },
  { status: 404, code: 'not_found', say: gone },
  { status: 409, code: 'conflict', say: ({ noun }) => `The state of the ${noun} forbids this` },
  { status: 429, code: 'rate_limited', say: 'The Docker Engine asks to slow down' },
  { status: 501, code: 'unsupported', say: 'The Docker Engine cannot do this' },
  { status: 503, code: 'unavailable', say: 'The Docker Engine is not ready' },
];

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'EACCES',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

const TEXT_END = 1000;

/** The public error for anything a call to the Engine threw. An AppError passes through. */
export function toAppError(error: unknown, subject: Subject, signal: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  if (signal.aborted) return new AppError('timeout', 'The Docker Engine did not answer in time', { cause: error });
  const { statusCode, code, text } = facts(error);
  if (statusCode === undefined && code !== undefined && unreachable.has(code)) {
    return new AppError('unavailable', 'The Docker Engine cannot be reached', { cause: error });
  }
  for (const rule of subject.registry === undefined ? rules : [...registryRules, ...rules]) {
    if (rule.about && !rule.about.includes(subject.noun)) continue;
    if (rule.status !== undefined && rule.status !== statusCode) continue;
    const match = rule.text ? rule.text.exec(text) : null;
    if (rule.text && !match) continue;
    const message = typeof rule.say === 'string' ? rule.say : rule.say(subject, match);
    return new AppError(rule.code, message, { cause: error, ...(rule.details && { details: rule.details }) });
  }
  return new AppError('internal', 'The Docker Engine failed', { cause: error });
}

function facts(error: unknown): { statusCode?: number; code?: string; text: string } {
  if (!(error instanceof Error)) return { text: String(error) };
  const statusCode =
    'statusCode' in error && typeof error.statusCode === 'number' ? { statusCode: error.statusCode } : {};
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  return { ...statusCode, ...code, text: shortened(error.message) };
}

/** A tenant's command may be in the text, and any length of it would keep the rules busy. What happened is said at the ends. */
function shortened(text: string): string {
  return text.length <= 2 * TEXT_END ? text : `${text.slice(0, TEXT_END)} … ${text.slice(-TEXT_END)}`;
}
