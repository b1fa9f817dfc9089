/** What the parts of the `process` step share. */
import type { Effects } from "../../core/effects.ts";
import { QualityError, SourceError } from "../../core/errors.ts";
import type { Reject } from "../../core/rows.ts";
import { countReasons, keepDeadLetter } from "../../lake/dead_letters.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";

/** What one part of the step did. */
export interface Part {
  done: boolean;
  rows_in: number;
  rows_out: number;
  detail: string;
  /** Objects that the part wrote. */
  outputs: ObjectHash[];
}

/** A part whose work was done by an earlier run. */
export function doneBefore(detail: string): Part {
  return { done: true, rows_in: 0, rows_out: 0, detail, outputs: [] };
}

/** `…/20260102T030500Z.json` holds what was asked at 2026-01-02T03:05:00Z. */
export function stampOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1).replace(/\.\w+$/, "");
}

/** Puts refused rows aside, and says so. */
export async function keepRejects(
  store: ObjectStore,
  { log }: Pick<Effects, "log">,
  { unit, origin, rejects }: { unit: string; origin: string; rejects: readonly Reject[] },
): Promise<void> {
  if (rejects.length === 0) return;
  const key = await keepDeadLetter(store, { step: "process", unit, origin, rejects });
  log.warn(`${rejects.length} rows of ${origin} were put aside (${countReasons(rejects)}): ${key}`);
}

/** Names the letter of a body that cannot be read at all; one that only lost some rows has another. */
export function unreadableUnit(unit: string): string {
  return `${unit}-unreadable`;
}

/** Whether a unit waits among the dead letters as a whole. */
export async function isAside(store: ObjectStore, unit: string): Promise<boolean> {
  return await store.head(`dead_letters/process/${unreadableUnit(unit)}.json`) !== null;
}

/** The row of a dead letter for a page that the contract refuses. */
export function frozenPage(body: Uint8Array, { message }: QualityError): Reject {
  return { line: null, reason: "contract_freeze", detail: message, raw: beginningOf(body) };
}

function beginningOf(body: Uint8Array): string {
  return new TextDecoder().decode(body.subarray(0, 500));
}

/** Parses a raw body; one that cannot be read at all goes to the dead letters, so that it fails once, not forever. */
export async function readBody<T>(
  store: ObjectStore,
  effects: Pick<Effects, "log">,
  { key, unit }: { key: string; unit: string },
  parse: (body: Uint8Array) => Promise<T> | T,
): Promise<T | null> {
  const body = (await store.get(key))!;
  try {
    return await parse(body);
  } catch (error) {
    if (!(error instanceof SourceError || error instanceof QualityError)) throw error;
    const reject = error instanceof QualityError ? frozenPage(body, error) : {
      line: null,
      reason: "unreadable_body",
      detail: error.message,
      raw: beginningOf(body),
    };
    await keepRejects(store, effects, { unit: unreadableUnit(unit), origin: key, rejects: [reject] });
    return null;
  }
}
