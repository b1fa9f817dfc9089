/**
 * An exchange for tests, `Request → Response`: klines as Binance, candles as Coinbase Exchange and OHLC as Bitstamp
 * write them, of one market that can be computed, with the faults that exchanges have.
 */
import { MINUTE_MS } from "../core/time.ts";
import type { Candle } from "../core/rows.ts";
import { type BarsQuery, readBarsQuery } from "./candle_server.ts";
import { ConnectionCut } from "./market_faults_wire.ts";

/** What can be wrong with an answer. */
export type ExchangeFault =
  /** Cut at its end, with status 200 and nothing said. */
  | "short"
  /** Bars of its middle are left out. */
  | "gap"
  /** No bar at all. */
  | "empty"
  /** Rows that lie before the start, or come twice. */
  | "overlap"
  /** A bar comes with a wrong volume, and once more with the right one. */
  | "conflict"
  | "too_many"
  | "reset"
  | "half"
  | "page";

/** Faults that are no answer: the same question is asked again. */
const PASSING: readonly ExchangeFault[] = ["too_many", "reset", "half", "page"];

/** An answer that was given. */
export interface GivenPage {
  fault: ExchangeFault | null;
  url: string;
  /** Times of bars that were asked for, exist, and were left out. */
  hidden: number[];
}

export interface ExchangeServerOptions {
  seed?: number;
  /** The server's clock; the bar that holds it is still open. */
  now: Date;
  /** No bars before it. */
  listed?: Date;
  /** Share of minutes without a trade. */
  no_trade?: number;
  /** Share of answers with a fault. */
  faulty?: number;
  faults?: readonly ExchangeFault[];
  /** Bars of a page at most, whatever is asked for. */
  page?: number;
  /** Whether `Date` headers are sent. */
  dated?: boolean;
}

/** An exchange whose whole history is known. */
export class TestExchange {
  readonly given: GivenPage[] = [];
  readonly #options: Required<ExchangeServerOptions>;
  #draws = 0;
  #passing = 0;
  /** Bars that were denied once: never a second time, or nobody could tell. */
  readonly #denied = new Set<number>();

  constructor(options: ExchangeServerOptions) {
    this.#options = {
      seed: 1,
      listed: new Date(0),
      no_trade: 0,
      faulty: 0,
      faults: [],
      page: Infinity,
      dated: true,
      ...options,
    };
  }

  #rng(): number {
    return hash(this.#options.seed * 1e6 + this.#draws++);
  }

  /** Whether a bar exists; a bar longer than a minute always does. */
  has(time: number, step = MINUTE_MS): boolean {
    const { listed, now, no_trade } = this.#options;
    if (time < listed.getTime() || time > now.getTime()) return false;
    return step > MINUTE_MS || hash(time / MINUTE_MS) >= no_trade;
  }

  /** The closed bars of a range. */
  truth(from: number, until: number, step = MINUTE_MS): Candle[] {
    const bars: Candle[] = [];
    for (let time = Math.ceil(from / step) * step; time < until; time += step) {
      if (this.has(time, step) && time + step <= this.#options.now.getTime()) bars.push(bar(time));
    }
    return bars;
  }

  /** Answers a request. */
  handler = (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const fault = this.#nextFault();
    if (fault === "too_many") {
      return this.#give({ fault, url: url.href, hidden: [] }, '{"message":"slow down"}', 429, {
        "retry-after": "3",
      });
    }
    if (fault === "reset") return Promise.reject(new ConnectionCut());
    if (fault === "page") {
      return this.#give(
        { fault, url: url.href, hidden: [] },
        "<html><title>Just a moment</title></html>",
        200,
      );
    }
    const query = readBarsQuery(url);
    if (query === null) {
      return this.#give({ fault: null, url: url.href, hidden: [] }, '{"message":"NotFound"}', 404);
    }
    if (query.bars > query.most) {
      return this.#give(
        { fault: null, url: url.href, hidden: [] },
        '{"message":"granularity too small for the requested time range"}',
        400,
      );
    }
    const { rows, hidden: out } = this.#rows(query, fault);
    const hidden = fault === "half" ? [] : out;
    const text = JSON.stringify(query.write(rows));
    return this.#give(
      { fault, url: url.href, hidden },
      fault === "half" ? text.slice(0, text.length / 2) : text,
      200,
    );
  };

  #nextFault(): ExchangeFault | null {
    const { faults, faulty } = this.#options;
    if (faults.length === 0 || this.#rng() >= faulty) return null;
    const fault = faults[Math.floor(this.#rng() * faults.length)]!;
    this.#passing = PASSING.includes(fault) ? this.#passing + 1 : 0;
    if (this.#passing <= 3) return fault;
    this.#passing = 0;
    return null;
  }

  #give(
    page: GivenPage,
    body: string,
    status: number,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    this.given.push(page);
    const date: Record<string, string> = this.#options.dated ? { date: this.#options.now.toUTCString() } : {};
    return Promise.resolve(
      new Response(body, { status, headers: { "content-type": "application/json", ...date, ...headers } }),
    );
  }

  #rows(query: BarsQuery, fault: ExchangeFault | null): { rows: Candle[]; hidden: number[] } {
    const { from, until, step, newest_first } = query;
    const all: Candle[] = [];
    for (let time = Math.ceil(from / step) * step; time < until && all.length < query.limit; time += step) {
      // Nothing exists after now: an open question ends there.
      if (time > this.#options.now.getTime()) break;
      if (this.has(time, step)) all.push(bar(time));
    }
    let rows = newest_first ? all.toReversed() : all;
    const random = (count: number) => Math.floor(this.#rng() * count);
    if (rows.length > this.#options.page) rows = rows.slice(0, this.#options.page);
    if (fault === "short" && rows.length > 1) rows = rows.slice(0, 1 + random(rows.length - 1));
    const at = 1 + random(rows.length - 2);
    const count = 1 + random(rows.length - at - 1);
    // An empty answer denies whatever was asked for, not only what would have been on the page.
    const lied = fault === "empty"
      ? all
      : fault === "gap" && rows.length > 3
      ? rows.slice(at, at + count)
      : [];
    if (lied.length > 0 && lied.every(({ time }) => !this.#denied.has(time))) {
      for (const { time } of lied) this.#denied.add(time);
      rows = rows.filter((row) => !lied.includes(row));
    }
    const kept = new Set(rows.map(({ time }) => time));
    const hidden = all.filter(({ time }) => !kept.has(time)).map(({ time }) => time);
    return { rows: this.#spoil(rows, query, fault), hidden };
  }

  /** Rows too many. */
  #spoil(rows: Candle[], { from, step, newest_first }: BarsQuery, fault: ExchangeFault | null): Candle[] {
    if (fault === "overlap") {
      const before = this.truth(from - 3 * step, from, step);
      const twice = rows.flatMap((row, i) => i % 7 === 3 ? [row, row] : [row]);
      return newest_first ? [...twice, ...before.toReversed()] : [...before, ...twice];
    }
    if (fault === "conflict" && rows.length > 0) {
      const at = Math.floor(this.#rng() * rows.length);
      return rows.toSpliced(at, 0, { ...rows[at]!, volume: rows[at]!.volume + 1 });
    }
    return rows;
  }
}

/** A bar that follows from its time alone. */
function bar(time: number): Candle {
  const open = 20_000 + Math.floor(hash(time) * 1e6) / 100;
  const close = 20_000 + Math.floor(hash(time + 1) * 1e6) / 100;
  const high = Math.max(open, close) + 1.25, low = Math.min(open, close) - 0.5;
  return { time, open, close, high, low, volume: 1 + Math.floor(hash(time + 2) * 1e8) / 1e8 };
}

/** Uniform in [0, 1), from a number. */
function hash(value: number): number {
  let h = Math.imul((value % 4294967291) ^ 0x9e3779b9, 0x85ebca6b) ^ Math.floor(value / 4294967291);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 2 ** 32;
}
