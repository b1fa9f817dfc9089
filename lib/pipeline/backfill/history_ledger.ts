/** The pieces of one history that the ledger knows. */
import { eachRecord, fingerprint, forgetRecord, writeRecord } from "../../lake/ledger.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { type BackfillRecord, backfillRecord } from "../../warehouse/backfill_records.ts";
import { type HistoryQuestion, historyRecords } from "./history_question.ts";
import { type Span, without } from "./pieces.ts";

/** A record without its list of absent bars: in a quiet market there are thousands of them a month. */
type Known = Omit<BackfillRecord, "absent">;

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
      const { absent: _, ...known } = backfillRecord(record);
      records.push([unit.slice(prefix.length), known]);
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

  /** What need not be asked for again. */
  covered(): Span[] {
    return [...this.#records.values()].flatMap(({ outcome, from_ms, until_ms, closed_until_ms }) =>
      outcome === "complete"
        ? { from_ms, until_ms }
        : outcome === "open"
        ? { from_ms, until_ms: closed_until_ms }
        : []
    );
  }

  /** Whether this very loss has been written down before. */
  knowsLost(name: string, { from_ms, until_ms }: Span): boolean {
    const known = this.#records.get(name);
    return known?.outcome === "plan_limit" && known.from_ms === from_ms && known.until_ms === until_ms;
  }

  /** Writes a piece down, and takes away earlier failures of which nothing is left; gives the piece's objects. */
  async write(name: string, record: BackfillRecord): Promise<readonly ObjectHash[]> {
    const { exchange, symbol, timeframe, from_ms, until_ms, outcome } = record;
    const { outputs } = await writeRecord(this.#store, `${this.#prefix}${name}`, {
      fingerprint: fingerprint([exchange, symbol, timeframe, from_ms, until_ms, outcome]),
      outputs: [record.raw, record.candles].filter((key) => key !== null),
      notes: record,
    });
    const { absent: _, ...rest } = record;
    this.#records.set(name, rest);
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
