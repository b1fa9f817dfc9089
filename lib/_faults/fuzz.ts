/**
 * Broken bodies by the million: valid answers with bytes flipped, cut out, doubled and exchanged for nasty tokens. A
 * parser gives rows or a {@linkcode SourceError}; anything else that it throws, a second of silence, or a changed
 * prototype is a finding.
 */
import { SourceError } from "../core/errors.ts";
import { parseMarketChart, parseMarkets, parseSimplePrice } from "../sources/coingecko_parse.ts";
import { type Findings, noFindings } from "./crash_points.ts";

const MARKETS =
  '[{"id":"bitcoin","symbol":"btc","name":"Bitcoin","current_price":105509,"market_cap":2103865423457,' +
  '"total_volume":5.2e10,"last_updated":"2025-11-03T16:05:52.917Z"},{"id":"tiny","symbol":"t","name":null}]';

/** What is fuzzed: a parser with a valid body. */
export const PARSERS: Readonly<Record<string, { valid: string; parse: (body: Uint8Array) => unknown }>> = {
  markets: {
    valid: MARKETS,
    parse: (body) => parseMarkets(body, { slot: new Date(0), source: "coingecko" }),
  },
  "simple price": {
    valid:
      '{"bitcoin":{"usd":67187.3,"usd_market_cap":1.3e12,"usd_24h_change":3.6,"last_updated_at":1711356300}}',
    parse: (body) => parseSimplePrice(body, { source: "coingecko" }),
  },
  "market chart": {
    valid: '{"prices":[[1711843200000,69702.3],[1711929600000,71246.9]],"market_caps":[],"total_volumes":[]}',
    parse: (body) => parseMarketChart(body),
  },
};

const TOKENS = [
  "null",
  "NaN",
  "1e400",
  "-0",
  "1e-400",
  "[]",
  "{}",
  '""',
  "true",
  '"NaN"',
  "9007199254740993",
  "9".repeat(400),
  '{"__proto__":{"polluted":1}}',
  '"constructor"',
  '"toString"',
  "\ufeff",
  "\u0000",
  '"\\ud800"',
  "[".repeat(2000),
].map((token) => new TextEncoder().encode(token));

/** A small generator of numbers below 2^32 (mulberry32), so that a finding can be replayed from its seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function mutate(valid: Uint8Array, next: () => number): Uint8Array {
  let bytes = valid;
  for (let change = 1 + next() % 3; change > 0; change--) {
    const at = next() % (bytes.length + 1), length = next() % 12;
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + length))];
    const pieces = [
      () => [head, new Uint8Array([next() & 255]), bytes.subarray(Math.min(bytes.length, at + 1))],
      () => [head, tail],
      () => [head],
      () => [head, TOKENS[next() % TOKENS.length]!, tail],
      () => [head, bytes.subarray(at, at + length), bytes.subarray(at)],
    ][next() % 5]!();
    bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let offset = 0;
    for (const piece of pieces) {
      bytes.set(piece, offset);
      offset += piece.length;
    }
  }
  return bytes;
}

/** Feeds a parser `count` broken bodies. */
export function fuzz(name: keyof typeof PARSERS, count: number, seed = 1): Findings {
  const { valid, parse } = PARSERS[name]!;
  const findings = noFindings();
  findings.points = count;
  const next = random(seed);
  const bytes = new TextEncoder().encode(valid);
  for (let i = 0; i < count && findings.failures.length < 5; i++) {
    const body = mutate(bytes, next);
    const began = performance.now();
    try {
      parse(body);
    } catch (error) {
      if (!(error instanceof SourceError)) {
        findings.failures.push(
          `${name}, input ${i} of seed ${seed}: ${error}: ${new TextDecoder().decode(body)}`,
        );
      }
    }
    if (performance.now() - began > 1000) {
      findings.failures.push(`${name}, input ${i} of seed ${seed}: over 1 s`);
    }
    if ("polluted" in {}) {
      findings.failures.push(`${name}, input ${i} of seed ${seed}: Object.prototype was changed`);
    }
  }
  return findings;
}
