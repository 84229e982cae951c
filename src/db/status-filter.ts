/** Turns a status into SQL by enumerating the facts that status() looks at: one table decides both. */
import { type SQL, sql } from 'drizzle-orm';
import { type ContainerStatus, desiredStates, phases, type StatusFacts, status } from '../domain/container.ts';

const bits = [false, true];
const allFacts: StatusFacts[] = desiredStates.flatMap((desired) =>
  phases.flatMap((phase) =>
    bits.flatMap((startDue) => bits.map((restarting) => ({ desired, phase, startDue, restarting, removed: false }))),
  ),
);

/** Matches live containers (alias c, run r) in any of these statuses; `removed` matches nothing, as tombstones are never listed. */
export function statusFilter(wanted: readonly ContainerStatus[]): SQL {
  const facts = allFacts.filter((candidate) => wanted.includes(status(candidate)));
  if (facts.length === 0) return sql`false`;
  const rows = facts.map(
    (fact) =>
      sql`(${fact.desired}, ${fact.phase}, ${sql.raw(String(fact.startDue))}, ${sql.raw(String(fact.restarting))})`,
  );
  return sql`(c.desired, r.phase, r.started_seq < c.start_seq, r.restart_at is not null) in (${sql.join(rows, sql`, `)})`;
}
