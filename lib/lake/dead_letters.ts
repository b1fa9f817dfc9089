/**
 * What was refused or could not be had, kept aside with its reason until somebody settles it:
 * `dead_letters/<step>/<unit>.json`, with the exact body (`.body`) or the refused rows (`.rows.ndjson.gz`) beside it.
 */
import { z } from "zod";
import { LakeError } from "../core/errors.ts";
import type { Reject } from "../core/rows.ts";
import { encodeNdjson } from "./ndjson.ts";
import type { ObjectStore } from "./store.ts";

const FOLDER = "dead_letters/";

/** One unit of work of which some rows were refused. */
export interface RefusedRows {
  step: string;
  /** Names the unit within its step; safe in a file name. */
  unit: string;
  /** Where the refused rows come from: a file name or a key in `raw/`. */
  origin: string;
  rejects: readonly Reject[];
}

const FAILED_REQUEST = z.object({
  step: z.string(),
  unit: z.string(),
  /** What was asked for. */
  kind: z.string(),
  /** Start of the slot that the unit stands for, ISO 8601. */
  slot: z.string(),
  /** A short, stable word: `no_answer`, `unreadable_body`, `missed`, … */
  reason: z.string(),
  detail: z.string(),
  attempts: z.number(),
  /** What was asked, without a key; null where nothing was. */
  request: z.string().nullable(),
  status: z.number().nullable(),
  source: z.string(),
  /** Key of the last body that came, if one came. */
  body: z.string().nullable(),
});

/** A request that failed for good, and what came of it. */
export type FailedRequest = z.infer<typeof FAILED_REQUEST>;

/**
 * Keeps refused rows: a summary for people and every row with its line, reason and exact text beside it. Writing
 * the same rejects again changes nothing.
 */
export async function keepDeadLetter(store: ObjectStore, letter: RefusedRows): Promise<string> {
  const base = letterBase(letter);
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
  await store.put(`${base}.json`, encodeJson(summary));
  return `${base}.json`;
}

/** Keeps a request that failed for good; the body first, so that a letter never points to nothing. */
export async function keepFailedRequest(
  store: ObjectStore,
  letter: Omit<FailedRequest, "body">,
  body: Uint8Array | null,
): Promise<string> {
  const base = letterBase(letter);
  if (body) await store.put(`${base}.body`, body);
  else await store.delete(`${base}.body`);
  await store.put(`${base}.json`, encodeJson({ ...letter, body: body ? `${base}.body` : null }));
  return `${base}.json`;
}

/** Keys of the letters that wait. */
export async function waitingLetters(store: ObjectStore, step = ""): Promise<string[]> {
  const objects = await store.list(step === "" ? FOLDER : `${FOLDER}${step}/`);
  return objects.map(({ key }) => key).filter((key) => key.endsWith(".json"));
}

/** A letter as replay sees it: a failed request, or refused rows with where they came from. */
export type WaitingLetter =
  | { key: string; failed: FailedRequest; refused: null }
  | { key: string; failed: null; refused: Omit<RefusedRows, "rejects"> & { rejected: number } };

const REFUSED_ROWS = z.object({
  step: z.string(),
  unit: z.string(),
  origin: z.string(),
  rejected: z.number(),
});

/** Reads a letter; null where it is gone by now. */
export async function readLetter(store: ObjectStore, key: string): Promise<WaitingLetter | null> {
  const bytes = await store.get(key);
  if (!bytes) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const failed = FAILED_REQUEST.safeParse(value);
    if (failed.success) return { key, failed: failed.data, refused: null };
    return { key, failed: null, refused: REFUSED_ROWS.parse(value) };
  } catch (cause) {
    throw new LakeError(
      `Cannot read the dead letter "${key}": it is damaged, move it out of the lake by hand`,
      { cause },
    );
  }
}

/** Takes a settled letter away; the letter itself first, so that a crash leaves no letter without its body. */
export async function removeLetter(
  store: ObjectStore,
  letter: { step: string; unit: string },
): Promise<void> {
  const base = letterBase(letter);
  for (const ending of [".json", ".body", ".rows.ndjson.gz"]) await store.delete(`${base}${ending}`);
}

function letterBase({ step, unit }: { step: string; unit: string }): string {
  return `${FOLDER}${step}/${unit}`;
}

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
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
