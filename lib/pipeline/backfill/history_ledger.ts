/** The pieces of one history that the ledger knows. */
import { DAY_MS } from "../../core/time.ts";
import { eachRecord, fingerprint, forgetRecord, writeRecord } from "../../lake/ledger.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { type BackfillRecord, backfillRecord } from "../../warehouse/backfill_records.ts";
import { type HistoryQuestion, historyRecords } from "./history_question.ts";
import { type Span, without } from "./pieces.ts";

/** A record without its list of absent bars: in a quiet market there are thousands of them a month. */
interface Known extends Omit<BackfillRecord, "absent"> {
  /** The first bar that came; null where none did. */
  first_ms: number | null;
  /** Where the exchange gave nothing, so that it may have been ill. */
  silent: Span[];
}

/** A silence is believed when answers that lie so far apart agree on it: an exchange was closed, or left a market. */
const BELIEVED_MS = 7 * DAY_MS;

/** Opened at the start of a run; it keeps up with what the run writes. */
export class HistoryLedger {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #records: Map<string, Known>;

  private constructor(store: ObjectStore, prefix: string, records: Map<string, Known>) {
    this.#store = store;
    this.#prefix = prefix;
    this.#records = records;
  }

  /** Reads the records. One whose objects are gone counts as if there were none. */
  static async open(store: ObjectStore, question: HistoryQuestion): Promise<HistoryLedger> {
    const prefix = historyRecords(question);
    const records: [name: string, record: Known][] = [];
    for await (const [unit, record] of eachRecord(store, prefix)) {
      records.push([unit.slice(prefix.length), knownOf(backfillRecord(record))]);
    }
    const keys = records.flatMap(([, { raw, candles }]) => [raw, candles]).filter((key) => key !== null);
    const folders = new Set(keys.map((key) => key.slice(0, key.lastIndexOf("/") + 1)));
    const there = new Set<string>();
    for (const folder of folders) for (const { key } of await store.list(folder)) there.add(key);
    const whole = records.filter(([, { raw, candles }]) =>
      [raw, candles].every((key) => key === null || there.has(key))
    );
    return new HistoryLedger(store, prefix, new Map(whole));
  }

  /**
   * What need not be asked for again. An exchange that is ill may answer with nothing, and say nothing of it: its
   * silences are asked for again until they are believed. Before its first bar it had nothing to give.
   */
  covered(): Span[] {
    const records = [...this.#records.values()];
    const firsts = records.flatMap(({ first_ms }) => first_ms ?? []);
    const begin = firsts.length === 0 ? -Infinity : Math.min(...firsts);
    const known = records.flatMap((record) => {
      const { outcome, from_ms } = record;
      if (outcome !== "complete" && outcome !== "open") return [];
      const doubts = record.silent.map((span) => ({ ...span, from_ms: Math.max(span.from_ms, begin) }));
      return without({ from_ms, until_ms: endOf(record) }, doubts.filter(isSome));
    });
    return [...known, ...believedSilences(records)];
  }

  /** Whether this very loss has been written down before. */
  knowsLost(name: string, { from_ms, until_ms }: Span): boolean {
    const known = this.#records.get(name);
    return known?.outcome === "plan_limit" && known.from_ms === from_ms && known.until_ms === until_ms;
  }

  /** Writes a piece down, and takes away earlier failures of which nothing is left; gives the piece's objects. */
  async write(name: string, piece: BackfillRecord): Promise<readonly ObjectHash[]> {
    const before = this.#records.get(name);
    const record = before === undefined || before.silent.length === 0
      ? piece
      : { ...piece, first_asked_at: before.first_asked_at ?? before.asked_at };
    const { exchange, symbol, timeframe, from_ms, until_ms, outcome } = record;
    const { outputs } = await writeRecord(this.#store, `${this.#prefix}${name}`, {
      fingerprint: fingerprint([exchange, symbol, timeframe, from_ms, until_ms, outcome]),
      outputs: [record.raw, record.candles].filter((key) => key !== null),
      notes: record,
    });
    this.#records.set(name, knownOf(record));
    const known = [...this.covered(), record];
    for (const [other, { outcome, ...span }] of this.#records) {
      if (other === name || !["failed", "plan_limit"].includes(outcome)) continue;
      if (without(span, known).length > 0) continue;
      await forgetRecord(this.#store, `${this.#prefix}${other}`);
      this.#records.delete(other);
    }
    return outputs;
  }
}

function knownOf({ absent, ...record }: BackfillRecord): Known {
  let first = record.from_ms;
  for (const { from_ms, until_ms } of absent) if (from_ms === first) first = until_ms;
  const first_ms = record.candles === null || first >= endOf(record) ? null : first;
  return { ...record, first_ms, silent: silences(record, absent) };
}

/**
 * Where an exchange gave nothing for a day or longer, or up to a piece's end. A shorter silence with bars behind it is
 * a quiet market's.
 */
function silences(record: Omit<BackfillRecord, "absent">, absent: BackfillRecord["absent"]): Span[] {
  const spans: Span[] = [];
  for (const { from_ms, until_ms, cause } of absent) {
    if (cause !== "source_silent") continue;
    const last = spans.at(-1);
    if (last?.until_ms === from_ms) last.until_ms = until_ms;
    else spans.push({ from_ms, until_ms });
  }
  return spans.filter(({ from_ms, until_ms }) => until_ms - from_ms >= DAY_MS || until_ms === endOf(record));
}

/** The end of what was over when it was asked for. */
function endOf({ outcome, until_ms, closed_until_ms }: Omit<BackfillRecord, "absent">): number {
  return outcome === "open" ? closed_until_ms : until_ms;
}

/** The silences on which two answers agree that lie far enough apart. */
function believedSilences(records: readonly Known[]): Span[] {
  const silences = records.flatMap(({ silent, asked_at, first_asked_at = asked_at }) =>
    silent.map((span) => ({ ...span, first: Date.parse(first_asked_at), last: Date.parse(asked_at) }))
  );
  return silences.flatMap((late) =>
    silences.filter(({ first }) => late.last - first >= BELIEVED_MS).map((early) => ({
      from_ms: Math.max(late.from_ms, early.from_ms),
      until_ms: Math.min(late.until_ms, early.until_ms),
    }))
  ).filter(isSome);
}

function isSome({ from_ms, until_ms }: Span): boolean {
  return from_ms < until_ms;
}
