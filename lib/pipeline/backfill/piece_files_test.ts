import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { gunzipSync } from "node:zlib";
import { encodeCandles, encodeReplies } from "./piece_files.ts";

const REPLY = {
  url: "https://example.com/ohlc",
  status: 200,
  fetched_at: new Date("2026-01-02T03:04:05Z"),
  date: new Date("2026-01-02T03:04:04Z"),
};

Deno.test("encodeReplies() gives every body back byte by byte, UTF-8 or not", () => {
  const bodies = [[], [0xef, 0xbb, 0xbf, 0x5b, 0x5d], [0xff, 0xfe, 0x00], [0xc3, 0xa9, 0x0a, 0x22]];
  const lines = gunzipSync(encodeReplies(bodies.map((body) => ({ ...REPLY, body: new Uint8Array(body) }))))
    .toString().trimEnd().split("\n").map((line) => JSON.parse(line));
  const back = lines.map(({ body, body_base64 }) =>
    body_base64 === undefined ? new TextEncoder().encode(body) : Uint8Array.fromBase64(body_base64)
  );
  assertEquals(back.map((bytes) => [...bytes]), bodies);
  assertEquals(lines.map((line) => "body_base64" in line), [false, false, true, false]);
});

Deno.test("encodeCandles() loses no digit of any number", () => {
  const price = fc.double({ min: 1e-12, max: 1e24, noNaN: true });
  fc.assert(fc.property(price, price, (close, volume) => {
    const candle = { time: 1704067200000, open: 1, close, high: 3, low: 4, volume };
    const [, line] = gunzipSync(encodeCandles([candle])).toString().split("\n");
    assertEquals(line!.split(",").map(Number), [candle.time, 1, close, 3, 4, volume]);
    assertEquals(encodeCandles([candle]), encodeCandles([candle]));
  }));
});
