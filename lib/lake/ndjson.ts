/** Newline-delimited JSON, gzipped: the format of the processed layer. */
import { gunzipSync, gzipSync } from "node:zlib";
import { parseExactJson, writeExactJson } from "../core/exact_json.ts";
import { LakeError } from "../core/errors.ts";

/**
 * Rows as NDJSON.gz. The same rows give the same bytes: the gzip header carries no time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const rows = [{ id: "bitcoin", price_usd: 1.5 }, { id: "ethereum", price_usd: null }];
 * assertEquals(decodeNdjson(encodeNdjson(rows), "example"), rows);
 * ```
 */
export function encodeNdjson(rows: readonly unknown[]): Uint8Array {
  return new Uint8Array(gzipSync(rows.map((row) => `${writeExactJson(row)}\n`).join("")));
}

/**
 * Rows of an NDJSON.gz object.
 *
 * @throws {LakeError} where the object is cut or damaged.
 */
export function decodeNdjson(bytes: Uint8Array, key: string): unknown[] {
  try {
    const text = new TextDecoder().decode(gunzipSync(bytes));
    return text.split("\n").filter((line) => line !== "").map(parseExactJson);
  } catch (cause) {
    throw new LakeError(`Cannot read "${key}": it is damaged, delete it and run the pipeline again`, {
      cause,
    });
  }
}
