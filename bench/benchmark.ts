/** What a benchmark is given and what it answers. Each file of this folder that exports one is listed in main.ts. */
import type { Site } from './site.ts';

export interface Benchmark {
  name: string;
  /** One line: what is measured, and against what. */
  summary: string;
  run(site: Site): Promise<Findings>;
}

export interface Findings {
  table: Record<string, string | number>[];
  /** Promised ratios: a missed one makes the command fail. */
  demands: Demand[];
  /** Every figure behind the table, for the JSON. */
  samples: Record<string, unknown>;
}

export interface Demand {
  what: string;
  measured: number;
  atLeast?: number;
  atMost?: number;
}

export const isMet = ({ measured, atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }: Demand) =>
  measured >= atLeast && measured <= atMost;
