/** A buildspec: the commands of each phase, and the variables it sets. */
import { parse } from 'yaml';
import { AwsError } from '../aws-error.ts';

const phaseNames = ['install', 'pre_build', 'build', 'post_build'] as const;

export interface BuildPhase {
  name: (typeof phaseNames)[number];
  commands: string[];
  finallyCommands: string[];
}

export interface Buildspec {
  variables: Record<string, string>;
  phases: BuildPhase[];
}

interface Written {
  version?: unknown;
  env?: { variables?: Record<string, unknown> };
  phases?: Record<string, { commands?: unknown[]; finally?: unknown[] } | undefined>;
}

/** @param text YAML, or JSON, which is YAML too */
export function readBuildspec(text: string): Buildspec {
  const written: Written | null = parse(text);
  if (!written || ![0.1, 0.2].includes(Number(written.version))) {
    throw new AwsError('YAML_FILE_ERROR', 'This version of buildspec is not supported');
  }
  const strange = Object.keys(written.phases ?? {}).find((name) => !phaseNames.some((known) => known === name));
  if (strange) throw new AwsError('YAML_FILE_ERROR', `Unknown phase ${strange}`);
  const variables = Object.entries(written.env?.variables ?? {}).map(([name, value]) => [name, String(value)]);
  return {
    variables: Object.fromEntries(variables),
    phases: phaseNames.flatMap((name) => {
      const phase = written.phases?.[name];
      if (!phase) return [];
      return [
        { name, commands: (phase.commands ?? []).map(String), finallyCommands: (phase.finally ?? []).map(String) },
      ];
    }),
  };
}
