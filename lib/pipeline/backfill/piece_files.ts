/** A piece of history as bytes: the exact answers, and the candles made of them. The same piece gives the same bytes. */
import { gzipSync } from "node:zlib";
import type { Candle } from "../../core/rows.ts";
import { sha256 } from "../../lake/ledger.ts";
import { CANDLE_COLUMNS } from "../../sources/candles_csv.ts";
import type { ExchangeReply } from "../../sources/exchange.ts";

/**
 * Answers as NDJSON.gz, one a line, in the order of the requests. The body stands in `body` as it came, or in
 * `body_base64` where it is not UTF-8; `sha256` is that of its bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gunzipSync } from "node:zlib";
 * const reply = {
 *   url: "https://example.com/ohlc",
 *   status: 200,
 *   fetched_at: new Date("2026-01-02T03:04:05Z"),
 *   date: null,
 *   body: new TextEncoder().encode("[1]"),
 * };
 * const line = JSON.parse(new TextDecoder().decode(gunzipSync(encodeReplies([reply]))));
 * assertEquals([line.request, line.body], [{ method: "GET", url: "https://example.com/ohlc" }, "[1]"]);
 * ```
 */
export function encodeReplies(replies: readonly ExchangeReply[]): Uint8Array {
  const lines = replies.map(({ url, status, fetched_at, date, body }) => {
    const line = {
      request: { method: "GET", url },
      status,
      received_at: fetched_at.toISOString(),
      // The exchange's clock: what decides which bars were over.
      date: date?.toISOString() ?? null,
      sha256: sha256(body),
      ...bodyFields(body),
    };
    return `${JSON.stringify(line)}\n`;
  });
  return new Uint8Array(gzipSync(lines.join("")));
}

function bodyFields(body: Uint8Array): { body: string } | { body_base64: string } {
  try {
    return { body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body) };
  } catch {
    return { body_base64: body.toBase64() };
  }
}

/**
 * Candles as a `time,open,close,high,low,volume` file, gzipped. A number is written with as many digits as tell it
 * from every other double.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gunzipSync } from "node:zlib";
 * const csv = encodeCandles([{ time: 0, open: 0.1, close: 2, high: 2.5, low: 1e-8, volume: 0 }]);
 * assertEquals(
 *   new TextDecoder().decode(gunzipSync(csv)),
 *   "time,open,close,high,low,volume\n0,0.1,2,2.5,1e-8,0\n",
 * );
 * ```
 */
export function encodeCandles(candles: readonly Candle[]): Uint8Array {
  const lines = candles.map(({ time, open, close, high, low, volume }) =>
    `${time},${open},${close},${high},${low},${volume}\n`
  );
  return new Uint8Array(gzipSync(`${CANDLE_COLUMNS.join(",")}\n${lines.join("")}`, { level: 3 }));
}
