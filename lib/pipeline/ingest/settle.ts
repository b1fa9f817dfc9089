/** From an answer on its way in to its end: the lake, or the dead letters. */
import { SourceError } from "../../core/errors.ts";
import type { Log } from "../../core/effects.ts";
import { countReasons, keepDeadLetter, keepFailedRequest, removeLetter } from "../../lake/dead_letters.ts";
import { type Incoming, listIncoming } from "../../lake/incoming.ts";
import { logRun, type ObjectHash, objectHash } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { TICKS_UNIT } from "../steps/process_ticks.ts";
import { lookAgain } from "../steps/whole_days.ts";
import { SETTLERS } from "./units.ts";

/** What came of one unit of work. */
export interface UnitReport {
  unit: string;
  status: "ok" | "warn" | "skipped" | "failed";
  rows_in: number | null;
  rows_out: number | null;
  requests: number;
  detail: string;
}

/**
 * Settles an answer and takes it off the list of those that wait, as the last act: a crash anywhere in between
 * leaves it there, and settling it again gives the same objects.
 */
export async function settleIncoming(
  store: ObjectStore,
  { key, header, body }: Incoming,
  { log, now }: { log: Log; now: () => Date },
): Promise<UnitReport> {
  const settle = SETTLERS[header.kind]!;
  const began = header.fetched_at;
  const end = async (report: Omit<UnitReport, "unit" | "requests">, outputs: ObjectHash[]) => {
    await logRun(store, {
      run_id: header.run_id,
      command: header.command,
      step: "ingest",
      unit: header.unit,
      ...report,
      started_at: began,
      ended_at: now().toISOString(),
      requests: header.requests,
      inputs: [objectHash(header.url, body)],
      outputs,
    });
    await store.delete(key);
    return { unit: header.unit, requests: header.requests, ...report };
  };
  try {
    const { rows_in, rows_out, outputs, rejects, detail, refused = false } = await settle(
      store,
      body,
      header,
    );
    const rows = { step: "ingest", unit: `${header.unit}-rows` };
    if (rejects.length > 0) {
      const letter = await keepDeadLetter(store, { ...rows, origin: outputs[0]!.key, rejects });
      log.warn(
        `${rejects.length} rows of ${outputs[0]!.key} were put aside (${countReasons(rejects)}): ${letter}`,
      );
    }
    await noteLateTicks(store, outputs);
    // An earlier run may have given the unit up.
    await removeLetter(store, { step: "ingest", unit: header.unit });
    if (refused) log.warn(detail);
    const status = refused || rejects.length > 0 ? "warn" : "ok";
    return await end({ status, rows_in, rows_out, detail }, outputs);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    await keepFailedRequest(store, {
      step: "ingest",
      unit: header.unit,
      kind: header.kind,
      slot: header.slot,
      reason: "unreadable_body",
      detail: error.message,
      attempts: header.requests,
      request: header.url,
      status: header.status,
      source: header.source,
    }, body);
    log.warn(error.message);
    return await end({ status: "failed", rows_in: null, rows_out: null, detail: error.message }, []);
  }
}

/** A tick of a day that was converted as a whole makes the conversion look at that day again. */
async function noteLateTicks(store: ObjectStore, outputs: readonly ObjectHash[]): Promise<void> {
  for (const { key } of outputs) {
    const [, year, month, day] = /^raw\/stream\/year=(\d+)\/month=(\d+)\/day=(\d+)\//.exec(key) ?? [];
    if (year !== undefined) await lookAgain(store, TICKS_UNIT, `${year}-${month}-${day}`);
  }
}

/** Settles what earlier runs have left on the way in. */
export async function recoverIncoming(
  store: ObjectStore,
  effects: { log: Log; now: () => Date },
): Promise<UnitReport[]> {
  const reports: UnitReport[] = [];
  for (const incoming of await listIncoming(store)) {
    effects.log.info(`${incoming.header.unit}: taken up where run ${incoming.header.run_id} left it`);
    reports.push(await settleIncoming(store, incoming, effects));
  }
  return reports;
}
