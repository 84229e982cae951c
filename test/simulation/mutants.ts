/** Broken designs, made by wrapping what the real code is given. The simulator must notice each of them. */
import type { Db, Row, Statement } from '../../src/db/client.ts';
import type { Ids } from '../../src/domain/clock.ts';
import type { Provider } from '../../src/providers/provider.ts';
import type { PgliteDb } from './pglite-db.ts';
import type { ProviderKind } from './provider-kinds.ts';

export interface Mutant {
  name: string;
  db?(db: PgliteDb): Db;
  provider?(provider: Provider, ids: Ids): Provider;
  /** What a command of the SDK is sent with instead of its input. */
  command?(name: string, input: Record<string, unknown>): Record<string, unknown>;
  /** How often requests outlive who sent them, where they must for the mutant to matter; else a schedule draws it. */
  lateness?: number;
  /** The kind of provider on which it makes a difference; absent: on both. */
  kind?: ProviderKind;
  /** False: nobody compares what there is with what there should be. */
  sweeps: boolean;
}

const records = /update containers set incarnation/;

function withoutFence({ text, params }: Statement): Statement {
  if (!records.test(text)) return { text, params };
  return { text: text.replace(/fence = (\$\d+::bigint)/, 'fence >= least($1, 0)'), params };
}

let tokens = 0;

export const mutants: readonly Mutant[] = [
  {
    /** Each RunTask has a token of its own, so that asking again makes another task. */
    name: 'random-token',
    kind: 'aws',
    sweeps: true,
    command: (name, input) => (name === 'RunTaskCommand' ? { ...input, clientToken: `t${tokens++}` } : input),
  },
  {
    /** Records are written whatever became of them since they were read. */
    name: 'unconditional-records',
    kind: 'aws',
    sweeps: true,
    lateness: 0.25,
    command: (_name, { IfMatch: _ifMatch, ...input }) => input,
  },
  {
    /** Each create makes another object, whatever its key. Where the key is also the address, nothing would even start. */
    name: 'random-name',
    kind: 'ecs-like',
    sweeps: true,
    provider: (provider, ids) => ({
      ...provider,
      create: (input, options) =>
        provider.create({ ...input, key: `${input.key}-${ids.hex64().slice(0, 8)}` }, options),
    }),
  },
  {
    /** A worker that slept past its lease writes all the same. */
    name: 'no-fence',
    sweeps: true,
    db: (db) => ({
      ...db,
      query: (role, statement) => db.query(role, withoutFence(statement)),
      batch: (role, statements, check) => db.batch(role, statements.map(withoutFence), check),
    }),
  },
  { name: 'no-sweeper', sweeps: false },
  {
    /** What is removed leaves no tombstone. */
    name: 'hard-delete',
    sweeps: true,
    db: (db) => ({
      ...db,
      query: async (role, statement): Promise<Row[]> => {
        const rows = await db.query(role, statement);
        if (records.test(statement.text)) await db.asOwner('delete from containers where removed_at is not null');
        return rows;
      },
    }),
  },
  {
    /** Observations are believed in the order in which they arrive. */
    name: 'events-unversioned',
    kind: 'ecs-like',
    sweeps: true,
    provider: (provider) => ({
      ...provider,
      observe: async (run, options) => {
        const seen = await provider.observe(run, options);
        return seen.kind === 'present' ? { ...seen, version: null } : seen;
      },
    }),
  },
];
