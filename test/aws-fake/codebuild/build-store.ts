/** Projects and builds of CodeBuild. */
import type { Build, Project } from '@aws-sdk/client-codebuild';

export interface BuildRecord {
  shown: Build & { id: string };
  /** Ends it from outside. */
  stop: AbortController;
}

export class BuildStore {
  readonly projects = new Map<string, Project & { name: string }>();
  readonly builds = new Map<string, BuildRecord>();
  /** By project, the number of its last build. */
  readonly numbers = new Map<string, number>();
  /** What was answered to an idempotency token. */
  readonly tokens = new Map<string, string>();
}
