/**
 * The run log: what ran, when, from which inputs and with which outputs, one object a unit of work under
 * `_ledger/runs/day=YYYY-MM-DD/`. Objects are added and never changed. As a table: `lakebook.runs`.
 */
import { compactStamp, utcDay } from "../core/time.ts";
import { fingerprint, sha256 } from "./ledger.ts";
import type { ObjectStore } from "./store.ts";

/** An object that went into a unit of work or came out of it. */
export interface ObjectHash {
  key: string;
  /** Bytes. */
  size: number;
  sha256: string;
}

/** One unit of work of one run. */
export interface RunEntry {
  run_id: string;
  /** `pipeline`, `ingest`, `replay`. */
  command: string;
  step: string;
  /** Names the unit within its step; the step's own name where a step is one unit. */
  unit: string;
  /** `ok`, `warn`, `skipped`, `failed`, `discarded`. */
  status: string;
  /** ISO 8601. */
  started_at: string;
  ended_at: string;
  /** Requests to an API, failed ones included. */
  requests: number;
  rows_in: number | null;
  rows_out: number | null;
  detail: string;
  inputs: readonly ObjectHash[];
  outputs: readonly ObjectHash[];
}

/** Hash of an object whose bytes are at hand. */
export function objectHash(key: string, bytes: Uint8Array): ObjectHash {
  return { key, size: bytes.length, sha256: sha256(bytes) };
}

/** A run's id: its start and four random hex digits, so that two runs of the same second differ. */
export function newRunId(now: Date): string {
  const [a, b] = crypto.getRandomValues(new Uint8Array(2));
  return `${compactStamp(now)}-${((a! << 8) | b!).toString(16).padStart(4, "0")}`;
}

/**
 * Adds an entry. Adding it again changes nothing, also where a crash came between and it ends later; another attempt at
 * the same unit in the same run has an entry of its own.
 */
export async function logRun(store: ObjectStore, entry: RunEntry): Promise<void> {
  const day = utcDay(new Date(entry.started_at));
  const attempt = fingerprint([entry.started_at, entry.status, entry.outputs]).slice(0, 8);
  await store.putNew(
    `_ledger/runs/day=${day}/${entry.run_id}.${entry.step}.${entry.unit}.${attempt}.json`,
    new TextEncoder().encode(`${JSON.stringify(entry)}\n`),
  );
}
