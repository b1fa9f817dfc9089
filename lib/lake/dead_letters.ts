/** What was refused, kept aside with its reason: `dead_letters/<step>/<unit>.json` and the rows beside it. */
import type { Reject } from "../core/rows.ts";
import { encodeNdjson } from "./ndjson.ts";
import type { ObjectStore } from "./store.ts";

/** One unit of work of which something was refused. */
export interface DeadLetter {
  step: string;
  /** Names the unit within its step; safe in a file name. */
  unit: string;
  /** Where the refused rows come from: a file name or a key in `raw/`. */
  origin: string;
  rejects: readonly Reject[];
}

/**
 * Keeps refused rows: a summary for people and every row with its line, reason and exact text beside it. Writing
 * the same rejects again changes nothing.
 */
export async function keepDeadLetter(store: ObjectStore, letter: DeadLetter): Promise<string> {
  const base = `dead_letters/${letter.step}/${letter.unit}`;
  const summary = {
    step: letter.step,
    unit: letter.unit,
    origin: letter.origin,
    rejected: letter.rejects.length,
    reasons: reasonCounts(letter.rejects),
    rows: `${base}.rows.ndjson.gz`,
    examples: letter.rejects.slice(0, 5),
  };
  await store.put(summary.rows, encodeNdjson(letter.rejects));
  await store.put(`${base}.json`, new TextEncoder().encode(`${JSON.stringify(summary, null, 2)}\n`));
  return `${base}.json`;
}

/** Keys of the letters that wait. */
export async function waitingLetters(store: ObjectStore): Promise<string[]> {
  const objects = await store.list("dead_letters/");
  return objects.map(({ key }) => key).filter((key) => key.endsWith(".json"));
}

/** How often each reason stands among some rejects, most frequent first. */
export function reasonCounts(rejects: readonly Reject[]): Record<string, number> {
  const counts = [...Map.groupBy(rejects, ({ reason }) => reason)].map(([reason, rows]) =>
    [reason, rows.length] as const
  );
  return Object.fromEntries(counts.sort((a, b) => b[1] - a[1]));
}

/** The same in words: `3 not_a_number, 1 high_below_low`. */
export function countReasons(rejects: readonly Reject[]): string {
  return Object.entries(reasonCounts(rejects)).map(([reason, count]) => `${count} ${reason}`).join(", ");
}
