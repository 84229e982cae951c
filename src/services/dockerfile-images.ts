/**
 * Which images a Dockerfile is built from, and the Dockerfile with each replaced by the very one that was found for it, followed by
 * the triggers that it has. What would reach beyond the tenant's images and files is refused, in triggers as anywhere.
 */
import { expandWord, splitWords } from '../domain/dockerfile-words.ts';
import { AppError } from '../domain/errors.ts';
import { bad, type Dockerfile, type Instruction, MOST_INSTRUCTIONS, parseDockerfile, tooMany } from './dockerfile.ts';
import { Growth } from './dockerfile-growth.ts';
import { refuseAsTrigger, refuseBeyond } from './dockerfile-reach.ts';

export interface FoundImage {
  id: string;
  /** The instructions that it has for whoever begins with it. */
  onBuild: readonly string[];
  /** `NAME=value`, which its variables begin with. */
  env: readonly string[];
}

/** Finds an image by what the Dockerfile calls it. @param platform where the Dockerfile names one */
export type FindImage = (name: string, platform: string | undefined) => Promise<FoundImage>;

/** `os/architecture/variant`, of which the latter two may be missing. */
export const platformPattern = /^linux(\/[a-z0-9_]{1,16}){0,2}$/;

const MOST_STAGES = 100;
const LONGEST_TRIGGER = 8 * 1024;

/** Throws invalid or unsupported, naming the line, and whatever `find` throws. */
export async function pinImages(
  { escaping, instructions }: Dockerfile,
  buildArgs: Record<string, string | null>,
  find: FindImage,
): Promise<Dockerfile> {
  const scope: Scope = { stages: [], variables: {}, buildArgs, growth: new Growth(buildArgs) };
  const pinned: Instruction[] = [];
  for (const instruction of instructions) {
    const { keyword, rest, line } = instruction;
    const outside = scope.stages.length === 0;
    scope.growth.add(instruction);
    if (keyword === 'FROM' || (keyword === 'ARG' && outside)) refuseEscapes(rest, escaping, line);
    if (keyword === 'FROM') pinned.push(...(await pinBase(instruction, scope, find)));
    else if (outside && keyword !== 'ARG') throw bad(line, 'no build stage in current context');
    else {
      if (outside) declare(rest, scope);
      pinned.push(await pinStep(instruction, scope, find));
    }
    if (scope.stages.length > MOST_STAGES)
      throw new AppError('limit', `A build may have at most ${MOST_STAGES} stages`);
    if (pinned.length > MOST_INSTRUCTIONS) throw tooMany();
  }
  if (scope.stages.length === 0) throw new AppError('invalid', 'No build stage in the Dockerfile: it has no FROM');
  return { escaping, instructions: pinned };
}

interface Scope {
  /** Names of the stages so far, in small letters. */
  stages: (string | null)[];
  variables: Record<string, string>;
  buildArgs: Record<string, string | null>;
  growth: Growth;
}

/** Names of images need none, and another escape than the usual one would be read in two ways. */
function refuseEscapes(text: string, escaping: string, line: number): void {
  if (escaping !== '\\' && /[\\`]/.test(text)) throw bad(line, 'write this line without escapes');
}

/** Arguments before the first FROM are known to every FROM, and to nothing else. */
function declare(rest: string, { variables, buildArgs }: Scope): void {
  for (const word of splitWords(rest)) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : null;
    variables[name] = given ?? (equals < 0 ? '' : expandWord(word.slice(equals + 1), variables));
  }
}

/** The base, and its triggers as instructions. */
async function pinBase(instruction: Instruction, scope: Scope, find: FindImage): Promise<Instruction[]> {
  const { flags, rest, line } = instruction;
  const [name = '', as, stage, ...more] = splitWords(rest);
  const isNamed = as !== undefined;
  if (name === '' || more.length > 0 || (isNamed && (as.toLowerCase() !== 'as' || stage === undefined))) {
    throw bad(line, 'FROM requires either one or three arguments');
  }
  const label = isNamed && stage !== undefined ? stage.toLowerCase() : null;
  if (label !== null && !/^[a-z][a-z0-9-_.]*$/.test(label)) throw bad(line, `invalid name for build stage: "${stage}"`);
  const platform = platformOf(flags, scope, line);
  const base = expandWord(name, scope.variables);
  if (base === '') throw bad(line, `base name (${name}) should not be blank`);
  const isKnown = base === 'scratch' || scope.stages.includes(base.toLowerCase());
  const { id, onBuild, env } = isKnown ? { id: base, onBuild: [], env: [] } : await find(base, platform);
  scope.growth.begin(label, isKnown ? base.toLowerCase() : null, env);
  scope.stages.push(label);
  const from = { ...instruction, flags: [], rest: label === null ? id : `${id} AS ${label}` };
  if (onBuild.length > MOST_INSTRUCTIONS) throw tooMany();
  const triggers: Instruction[] = [];
  for (const text of onBuild) {
    try {
      const trigger = triggerOf(text, line);
      scope.growth.add(trigger);
      triggers.push(await pinStep(trigger, scope, find));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const what = `The image ${base} has an ONBUILD trigger that is not run here, ${JSON.stringify(text.slice(0, 200))}`;
      throw new AppError(error.code, `${what}: ${error.message}`, { cause: error });
    }
  }
  return [from, ...triggers];
}

/** Read as strictly as a Dockerfile: it may come from an image that nobody here has made. */
function triggerOf(text: string, line: number): Instruction {
  if (text.length > LONGEST_TRIGGER) throw bad(line, 'a trigger may have at most 8 KiB');
  const [trigger, ...more] = parseDockerfile(text).instructions;
  if (!trigger || more.length > 0 || text.includes('\n')) throw bad(line, 'a trigger must be one instruction');
  refuseAsTrigger(trigger.keyword, line);
  return { ...trigger, line };
}

async function pinStep(instruction: Instruction, { stages }: Scope, find: FindImage): Promise<Instruction> {
  refuseBeyond(instruction);
  return instruction.keyword === 'COPY' ? pinSource(instruction, stages.slice(0, -1), find) : instruction;
}

function platformOf(flags: string[], { variables }: Scope, line: number): string | undefined {
  let platform: string | undefined;
  for (const flag of flags) {
    const [, value] = /^--platform=(.*)$/.exec(flag) ?? [];
    if (value === undefined) throw bad(line, `Unknown flag: ${flag}`);
    platform = expandWord(value, variables);
    if (!platformPattern.test(platform)) {
      throw new AppError('unsupported', `line ${line}: FROM --platform=${value} needs BuildKit`);
    }
  }
  return platform;
}

async function pinSource(instruction: Instruction, stages: (string | null)[], find: FindImage): Promise<Instruction> {
  const flags: string[] = [];
  for (const flag of instruction.flags) {
    const [, from] = /^--from=(.*)$/.exec(flag) ?? [];
    if (from === undefined) flags.push(flag);
    else if (from.includes('$')) throw bad(instruction.line, 'COPY --from takes no variables');
    else if (isStage(from, stages)) flags.push(flag);
    else flags.push(`--from=${(await find(from, undefined)).id}`);
  }
  return { ...instruction, flags };
}

/** Throws invalid in the builder's words, for which a stage has no number. @param pinned what pinImages answered */
export function requireStage(pinned: Dockerfile, target: string): void {
  const stages = pinned.instructions.filter(({ keyword }) => keyword === 'FROM');
  if (stages.some(({ rest }) => rest.split(' AS ')[1] === target.toLowerCase())) return;
  throw new AppError('invalid', `failed to reach build target ${target} in Dockerfile`);
}

/** A number is always one of the stages before; the builder says so itself where there is none of it. */
function isStage(from: string, stages: (string | null)[]): boolean {
  return from === '' || /^\d{1,4}$/.test(from) || stages.includes(from.toLowerCase());
}
