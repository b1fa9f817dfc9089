/**
 * Answers on their way in: `_incoming/<unit>.<run>`. An answer of an API cannot be asked for again a moment later,
 * so its exact bytes are committed here before anybody reads them. Settling moves it on, to `raw/` and what
 * follows from it or to the dead letters, and takes it away last. Whatever a crash leaves here the next run settles;
 * settling twice, or two runs at once, gives the same objects.
 */
import { z } from "zod";
import { LakeError } from "../core/errors.ts";
import type { ObjectStore } from "./store.ts";

const FOLDER = "_incoming/";
const NEWLINE = 10;

const HEADER = z.object({
  /** Names the unit of work within its step; safe in a file name. */
  unit: z.string(),
  /** What was asked for: decides how the answer is settled. */
  kind: z.string(),
  /** Start of the slot (or minute) that the answer stands for, ISO 8601. */
  slot: z.string(),
  /** `coingecko` or `demo`. */
  source: z.string(),
  /** The request's address, without a key. */
  url: z.string(),
  status: z.number(),
  fetched_at: z.string(),
  requests: z.number(),
  run_id: z.string(),
  command: z.string(),
});

/** What is known of an answer beside its bytes. */
export type IncomingHeader = z.infer<typeof HEADER>;

/** An answer that is not settled yet. */
export interface Incoming {
  key: string;
  header: IncomingHeader;
  /** The exact bytes of the answer. */
  body: Uint8Array<ArrayBuffer>;
}

/**
 * Commits an answer before it is read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LocalStore } from "./store_local.ts";
 * const store = new LocalStore(await Deno.makeTempDir());
 * const header = {
 *   unit: "markets-20260102T030500Z",
 *   kind: "markets",
 *   slot: "2026-01-02T03:05:00.000Z",
 *   source: "coingecko",
 *   url: "https://api.coingecko.com/api/v3/coins/markets",
 *   status: 200,
 *   fetched_at: "2026-01-02T03:05:01.000Z",
 *   requests: 1,
 *   run_id: "r1",
 *   command: "ingest",
 * };
 * await keepIncoming(store, header, new TextEncoder().encode("[]\n"));
 * const [waiting] = await listIncoming(store);
 * assertEquals([waiting!.header, new TextDecoder().decode(waiting!.body)], [header, "[]\n"]);
 * await store.close();
 * ```
 */
export async function keepIncoming(
  store: ObjectStore,
  header: IncomingHeader,
  body: Uint8Array,
): Promise<Incoming> {
  const key = `${FOLDER}${header.unit}.${header.run_id}`;
  const head = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  await store.put(key, bytes);
  return { key, header, body: bytes.slice(head.length) };
}

/** The answers that a crash, or a run that is still going, has left unsettled. */
export async function listIncoming(store: ObjectStore): Promise<Incoming[]> {
  const found: Incoming[] = [];
  for (const { key } of await store.list(FOLDER)) {
    const bytes = await store.get(key);
    // Another run may have settled it since the listing.
    if (bytes) found.push(decode(key, bytes));
  }
  return found;
}

function decode(key: string, bytes: Uint8Array<ArrayBuffer>): Incoming {
  const end = bytes.indexOf(NEWLINE);
  try {
    const header = HEADER.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))));
    return { key, header, body: bytes.slice(end + 1) };
  } catch (cause) {
    throw new LakeError(
      `Cannot read "${key}": it is damaged, move it out of the lake by hand and run again`,
      { cause },
    );
  }
}
