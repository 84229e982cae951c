/**
 * Whether what wakes the background is switched on, where no process works there all the time. One row, `on`, `closing` or `off`.
 *
 * Work is accepted only while the row says `on`, in the same transaction. Who goes to sleep makes it `closing` in a transaction
 * that locks out everybody who writes containers or tenants, so that it sees all work, and whoever comes later sees `closing`.
 * Until `closing` ends (by `off`, or by its time) nobody switches on: the order to switch off may be under way still.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Db, Row } from './client.ts';
import { schedule } from './schema.ts';
import { locked, sqlState } from './sql-state.ts';
import { param, prepare } from './statements.ts';
import { withSystem } from './tenancy.ts';

/** An order to switch off has been carried out, or never will be, this long after it was decided on. */
const CLOSING_SECONDS = 15;
/** Who was switched on is woken within two minutes. Silence means that somebody else has switched off. */
const SILENCE_SECONDS = 300;
/** What was switched on stays so for at least this long: the work it is for is about to be accepted. */
const SETTLING_SECONDS = 60;

/** AWS takes no request that was signed longer ago: until then a late one may still make what nobody wants. */
const LATE_SECONDS = 300;

/** Thrown for work that may not be accepted before the schedule is switched on. */
export class ScheduleOff extends Error {
  constructor() {
    super('The schedule of the background is off');
  }
}

/** Throws ScheduleOff where nothing but the schedule was against it. @param row has mayAccept as `scheduled` */
export function checkScheduled(row: Row | undefined): void {
  if (row?.scheduled === false) throw new ScheduleOff();
}

const seconds = (count: number): SQL => sql.raw(`interval '${count} seconds'`);
const isOn = sql`state = 'on' and heard_at > longshore_now() - ${seconds(SILENCE_SECONDS)}`;
const isClosing = sql`state = 'closing' and changed_at > longshore_now() - ${seconds(CLOSING_SECONDS)}`;
/** Someone will have to do something, now or later: strays are looked at again, and so is what a removed container may have left. */
const hasWork = sql`(exists (select from containers where next_run_at is not null)
  or exists (select from containers where removed_at > longshore_now() - ${seconds(LATE_SECONDS)})
  or exists (select from tenants where deleting_at is not null) or exists (select from strays))`;

/** For statements that accept work; `isScheduled` is bound to whether there is a schedule at all. */
export const mayAccept: SQL = sql`(not ${param('isScheduled', 'boolean')} or exists (select from schedule where ${isOn}))`;

export interface ScheduleState {
  isOn: boolean;
  /** An order to switch off may be under way. */
  isClosing: boolean;
  version: number;
  hasWork: boolean;
}

const read = prepare(sql`select (${isOn}) as on, (${isClosing}) as closing, version, ${hasWork} as work from schedule`);

export async function readSchedule(db: Db): Promise<ScheduleState> {
  const [row] = await db.query('reconciler', read({}));
  return { isOn: !!row?.on, isClosing: !!row?.closing, version: Number(row?.version), hasWork: !!row?.work };
}

const setOn =
  prepare(sql`update schedule set state = 'on', version = version + 1, changed_at = longshore_now(), heard_at = longshore_now()
  where version = ${param('version', 'bigint')} returning 1`);

/** To be called when it was switched on. False = something changed since the version was read: look again. */
export async function markOn(db: Db, version: number): Promise<boolean> {
  return (await db.query('reconciler', setOn({ version }))).length > 0;
}

const setHeard = prepare(sql`update schedule set heard_at = longshore_now() where state = 'on'`);

/** Somebody was woken. */
export async function markHeard(db: Db): Promise<void> {
  await db.query('reconciler', setHeard({}));
}

export interface Closing {
  version: number;
  /** For how long nobody switches on. */
  seconds: number;
}

/** Null while there is work, somebody is writing, another one is closing, or it was switched on a moment ago. */
export async function beginClosing(db: Db): Promise<Closing | null> {
  try {
    return await withSystem(db, 'work of every tenant keeps the schedule on', async (tx) => {
      await tx.execute(sql`lock table containers, tenants in share mode nowait`);
      const [closing] = await tx
        .update(schedule)
        .set({ state: 'closing', version: sql`version + 1`, changedAt: sql`longshore_now()` })
        .where(
          sql`not (${isClosing}) and not (state = 'on' and changed_at > longshore_now() - ${seconds(SETTLING_SECONDS)}) and not ${hasWork}`,
        )
        .returning({ version: schedule.version });
      return closing ? { version: closing.version, seconds: CLOSING_SECONDS } : null;
    });
  } catch (error) {
    if (sqlState(error) === locked) return null;
    throw error;
  }
}

const setOff = prepare(sql`update schedule set state = 'off', version = version + 1, changed_at = longshore_now()
  where version = ${param('version', 'bigint')} returning 1`);

/** To be called when it was switched off. False = its time was over, and somebody may have switched on. */
export async function endClosing(db: Db, { version }: Closing): Promise<boolean> {
  return (await db.query('reconciler', setOff({ version }))).length > 0;
}
