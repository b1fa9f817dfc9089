/** One window of a backfill: pages are asked for until each of its bars was seen, or denied twice. */
import { type LakebookErrorOptions, SourceError } from "../core/errors.ts";
import type { Candle, Reject } from "../core/rows.ts";
import { SECOND_MS } from "../core/time.ts";
import type { BarRow, CandlePage, ExchangeClient, ExchangeReply } from "./exchange.ts";
import { type AbsentRange, type BarRange, WindowCoverage } from "./exchange_coverage.ts";
import { type CandleWindow, timeframeMs } from "./exchange_windows.ts";

/** Bars that the exchange does not have, as far as it can be known. */
export interface AbsentBars {
  from: string;
  /** Not included. */
  to: string;
  missing: number;
  /**
   * `no_trade`: it gave bars from later than these. `source_silent`: it gave nothing from there on, or
   * something that is no bar.
   */
  cause: "no_trade" | "source_silent";
  /** Which requests of the window say so. */
  evidence: string;
}

/** A bar that came twice, with different values. */
export interface BarConflict {
  time: number;
  earlier: Candle;
  /** The one that stands. */
  later: Candle;
}

/** What is known of a window. */
export interface WindowResult {
  window: CandleWindow;
  /** Sorted by time, one a bar, closed bars only. */
  candles: Candle[];
  /** The answers as they came, in the order of the requests. */
  raw: ExchangeReply[];
  /** Requests that it took, failed ones included. */
  requests: number;
  /** Pages that left out a bar that came another time. */
  short_pages: number;
  /** Bars that came more than once, in one page or in several, each repetition counted. */
  overlaps: number;
  /** Repeated bars whose values had changed. */
  conflicts: BarConflict[];
  absent: AbsentBars[];
  /** Rows that are no bars: not numbers, or off the grid. */
  rejects: Reject[];
  /** Up to here, and not beyond, bars were over when they were asked for. */
  closed_until_ms: number;
  /** Whether every bar was over, and seen or denied: what may be committed under the window's name. */
  complete: boolean;
}

/** A window that could not be verified. */
export class WindowError extends SourceError {
  override name = "WindowError";
  /** What came before the failure. */
  readonly partial: WindowResult;

  constructor(message: string, { partial, ...options }: LakebookErrorOptions & { partial: WindowResult }) {
    super(message, options);
    this.partial = partial;
  }
}

/** A bar is taken for closed this long after its end: exchanges finish it a moment later. */
const SETTLE_MS = 2 * SECOND_MS;
/** Bars at the far end of an exchange's memory that are not trusted: it forgets them while we ask. */
const FORGETTING = 10;
/** So many requests in a row may teach nothing before the window is given up. */
const FRUITLESS = 4;

/**
 * Fetches one window and verifies it. A full page that holds every bar is one request. Whatever a page leaves out is
 * asked for again: first from the missing bars on, then for exactly these, until the bars come or two answers deny
 * them. So a page that was cut short costs requests, never rows.
 *
 * Bars that are not over yet, by the exchange's clock (its `Date` header) and by ours, are left out;
 * the window is then not `complete`.
 *
 * @throws {WindowError} with what came: `retryable` as the failed request was, and where the exchange contradicts
 * itself again and again.
 * @throws {SourceError} for a window older than the exchange's memory (`newest_only`).
 * @throws {ConfigError} where Deno may not reach the host.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openExchange } from "./exchange.ts";
 * import { planWindows } from "./exchange_windows.ts";
 *
 * const start = Date.UTC(2024, 0, 1);
 * const effects = {
 *   fetch: () => Promise.resolve(Response.json([0, 1, 2].map((i) => [start + i * 60_000, "1", "3", "0.5", "2", "10"]))),
 *   now: () => new Date("2026-01-02T03:04:05Z"),
 *   sleep: () => Promise.resolve(),
 *   random: () => 0.5,
 *   log: { info() {}, warn() {} },
 * };
 * const [window] = planWindows({ since: start, until: start + 180_000, timeframe: "1m", limit: 1000 });
 * const binance = await openExchange("binance", effects);
 * const { candles, complete, requests } = await fetchWindow(binance, { symbol: "BTC/USDT", window: window! });
 * assertEquals({ candles: candles.length, complete, requests }, { candles: 3, complete: true, requests: 1 });
 * ```
 */
export async function fetchWindow(
  exchange: ExchangeClient,
  { symbol, window }: { symbol: string; window: CandleWindow },
): Promise<WindowResult> {
  requireReach(exchange, window);
  const work = new WindowWork(exchange, window);
  if (closedUntil(exchange.effects.now(), null, timeframeMs(window.timeframe)) <= window.from_ms) {
    return work.result();
  }
  try {
    await work.run(symbol);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new WindowError(error.message, {
      cause: error,
      retryable: error.retryable,
      partial: work.result({ broken: true }),
    });
  }
  return work.result();
}

/**
 * The oldest time from which {@linkcode fetchWindow} may ask for bars now, where the exchange has a short memory.
 *
 * @returns `-Infinity` where it gives its whole history.
 */
export function oldestReach(
  { newest_only, effects }: Pick<ExchangeClient, "newest_only" | "effects">,
  timeframe: string,
): number {
  if (newest_only === null) return -Infinity;
  return effects.now().getTime() - (newest_only - FORGETTING) * timeframeMs(timeframe);
}

function requireReach(exchange: ExchangeClient, { from_ms, timeframe }: CandleWindow): void {
  const oldest = oldestReach(exchange, timeframe);
  if (from_ms >= oldest) return;
  const { name, newest_only } = exchange;
  throw new SourceError(
    `Cannot fetch bars of "${timeframe}" from ${
      iso(from_ms)
    }: ${name} gives only the newest ${newest_only}, ` +
      `from ${iso(oldest)} on, use another exchange or longer bars`,
  );
}

/**
 * The end of the last bar of `step` milliseconds that is surely over: by our clock, and by the exchange's, its `Date`,
 * where it is known.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const [eleven, noon] = [Date.parse("2026-01-02T11:59:00Z"), Date.parse("2026-01-02T12:00:00Z")];
 * assertEquals(closedUntil(new Date("2026-01-02T12:00:30Z"), null, 60_000), noon);
 * assertEquals(closedUntil(new Date("2026-01-02T12:00:01Z"), null, 60_000), eleven);
 * ```
 */
export function closedUntil(now: Date, date: Date | null, step: number): number {
  const then = Math.min(now.getTime(), date?.getTime() ?? Infinity) - SETTLE_MS;
  return Math.floor(then / step) * step;
}

class WindowWork {
  readonly #exchange: ExchangeClient;
  readonly #window: CandleWindow;
  readonly #step: number;
  #coverage: WindowCoverage | null = null;
  #closed_ms: number;
  readonly #candles = new Map<number, Candle>();
  readonly #raw: ExchangeReply[] = [];
  readonly #conflicts: BarConflict[] = [];
  readonly #rejects: Reject[] = [];
  /** Times of rows that are no bars. */
  readonly #spoilt = new Set<number>();
  #requests = 0;
  #overlaps = 0;

  constructor(exchange: ExchangeClient, window: CandleWindow) {
    this.#exchange = exchange;
    this.#window = window;
    this.#step = timeframeMs(window.timeframe);
    this.#closed_ms = window.from_ms;
  }

  async run(symbol: string): Promise<void> {
    let range: BarRange | null = this.#window;
    // A question "from here on" reaches beyond the window, and what comes from there proves that nothing is missing.
    let exact = false;
    let fruitless = 0;
    while (range !== null) {
      const helped = await this.#ask(symbol, range, exact);
      const open: BarRange | null = this.#coverage!.open();
      exact = helped ? exact && open?.from_ms === range.from_ms : !exact;
      fruitless = helped ? 0 : fruitless + 1;
      if (fruitless === FRUITLESS && open !== null) {
        throw new SourceError(
          `Cannot verify "${this.#window.name}" of ${this.#exchange.name}: it neither gives nor denies the bars from ` +
            `${iso(open.from_ms)} to ${iso(open.until_ms)}, try again later or use another exchange`,
          { retryable: true },
        );
      }
      range = open;
    }
  }

  /** One question; gives whether it helped. */
  async #ask(symbol: string, { from_ms, until_ms }: BarRange, exact: boolean): Promise<boolean> {
    const { timeframe } = this.#window;
    const query = { symbol, timeframe, since_ms: from_ms };
    const page = await this.#exchange.fetchPage(
      // The last instant of the last bar: exchanges do not agree on whether the end is included.
      exact ? { ...query, until_ms: until_ms - 1 } : query,
    );
    const end = exact ? until_ms : from_ms + this.#exchange.page_limit * this.#step;
    this.#requests += page.requests;
    this.#raw.push(...page.replies);
    const coverage = this.#coverage ??= this.#begin(page);
    const times = page.rows.flatMap((row, line) => this.#take(row, line) ?? []);
    if (times.length === 0 && page.rows.length > 0) {
      throw new SourceError(
        `Cannot read "${this.#window.name}" of ${this.#exchange.name}: none of ${page.rows.length} rows is a bar ` +
          `(${this.#rejects.at(-1)!.raw.slice(0, 100)}), try again later`,
        { retryable: true },
      );
    }
    return coverage.note({ from_ms, until_ms: end, times });
  }

  /** Bars may have become open or closed between two pages; the first page's time is the window's. */
  #begin({ replies }: CandlePage): WindowCoverage {
    const date = replies.at(-1)?.date ?? null;
    const closed = closedUntil(this.#exchange.effects.now(), date, this.#step);
    this.#closed_ms = Math.min(this.#window.until_ms, Math.max(closed, this.#window.from_ms));
    return new WindowCoverage({ from_ms: this.#window.from_ms, until_ms: this.#closed_ms }, this.#step);
  }

  /** Takes a row in; gives its time, or null where it is no bar. */
  #take(row: BarRow, line: number): number | null {
    const [time, open, high, low, close, volume] = row;
    const bad = [time, open, high, low, close, volume].some((value) => !Number.isFinite(value));
    if (bad || time! % this.#step !== 0) {
      this.#rejects.push({
        line,
        reason: bad ? "not_a_number" : "off_grid",
        detail: bad
          ? "a value of the bar is no number"
          : `the bar begins at ${iso(time!)}, which is no start of a bar of ${this.#window.timeframe}`,
        raw: JSON.stringify(row),
      });
      if (Number.isFinite(time)) this.#spoilt.add(time!);
      return null;
    }
    if (time! < this.#window.from_ms || time! >= this.#closed_ms) return time!;
    const later: Candle = {
      time: time!,
      open: open!,
      close: close!,
      high: high!,
      low: low!,
      volume: volume!,
    };
    const earlier = this.#candles.get(time!);
    if (earlier !== undefined) {
      this.#overlaps += 1;
      if (!sameCandle(earlier, later)) this.#conflicts.push({ time: time!, earlier, later });
    }
    this.#candles.set(time!, later);
    return time!;
  }

  #absent({ from_ms, until_ms, bars, pages, next_ms }: AbsentRange): AbsentBars {
    const spoilt = [...this.#spoilt].filter((time) => time >= from_ms && time < until_ms).length;
    const next = next_ms === null
      ? "nothing came from later than these"
      : `the next bar is that of ${iso(next_ms)}`;
    const also = spoilt === 0 ? "" : `; rows that are no bars came for ${spoilt} of them`;
    return {
      from: iso(from_ms),
      to: iso(until_ms),
      missing: bars,
      cause: next_ms === null || spoilt > 0 ? "source_silent" : "no_trade",
      evidence: `requests ${pages.join(", ")} of ${this.#window.name} deny these bars; ${next}${also}`,
    };
  }

  result({ broken = false }: { broken?: boolean } = {}): WindowResult {
    const coverage = this.#coverage;
    return {
      window: this.#window,
      candles: [...this.#candles.values()].sort((a, b) => a.time - b.time),
      raw: this.#raw,
      requests: this.#requests,
      short_pages: coverage?.shortPages() ?? 0,
      overlaps: this.#overlaps,
      conflicts: this.#conflicts,
      absent: broken || coverage === null ? [] : coverage.absent().map((range) => this.#absent(range)),
      rejects: this.#rejects,
      closed_until_ms: this.#closed_ms,
      complete: !broken && coverage !== null && this.#closed_ms === this.#window.until_ms,
    };
  }
}

function sameCandle(a: Candle, b: Candle): boolean {
  return a.open === b.open && a.close === b.close && a.high === b.high && a.low === b.low &&
    a.volume === b.volume;
}

function iso(time_ms: number): string {
  return new Date(time_ms).toISOString().replace(".000Z", "Z");
}
