/** Global setup of the project whose tests need a Docker Engine: holds it for the run, makes the base image, names the CLI. */
import { execFileSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { acquireEngine } from '../../scripts/engine.ts';
import { makeBusyboxImage } from './base-images.ts';
import { openDocker } from './engine.ts';

declare module 'vitest' {
  interface ProvidedContext {
    dockerHost: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = await acquireEngine({ env: process.env, log: console.log, install: true });
  await makeBusyboxImage(openDocker(engine.dockerHost));
  console.log(`The docker CLI of these tests: ${execFileSync('docker', ['--version'], { encoding: 'utf8' }).trim()}`);
  project.provide('dockerHost', engine.dockerHost);
  return engine.release;
}
