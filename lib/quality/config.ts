/** The thresholds of all checks: one place for their defaults and their reasons. */
import { z } from "zod";
import { CONTRACT_MODES, DEFAULT_CONTRACT } from "../core/contract.ts";
import { ConfigError } from "../core/errors.ts";

/** What a check says once its count is above its limit; `pass` counts and shows, and never warns. */
const level = (usual: "pass" | "warn" | "fail") => z.enum(["pass", "warn", "fail"]).default(usual);
const count = (usual: number) => z.number().int().nonnegative().default(usual);
const above = (usual: number) => z.number().positive().default(usual);
const share = (usual: number) => z.number().positive().max(1).default(usual);

/** A check of a count: more than `limit` bars (rows, columns, …) bring it to its `level`. */
const counted = (usual: "pass" | "warn" | "fail", limit = 0) =>
  z.strictObject({ level: level(usual), limit: count(limit) }).prefault({});

const SERIES = z.strictObject({
  /** Lines that were refused at the door. */
  schema: counted("warn"),
  nulls: counted("warn"),
  negatives: counted("fail"),
  zero_volume: counted("warn"),
  duplicates: counted("warn"),
  order: counted("warn"),
  grid: counted("warn"),
  /** A gap that lasts longer than this. A minute without trades is usual; an hour, or a day, is not. */
  gaps: z.strictObject({ level: level("warn"), limit_hours: above(1), limit_hours_of_days: above(24) })
    .prefault({}),
  ohlc_consistency: counted("warn"),
  /**
   * Prices that stand alone. With these defaults one has to be at least 16 % (8 · 0.02 in logs) from its neighbours'
   * centre and to come back. Measured on 1.6 million real minutes: 17 bars are flagged, each of them off by 15 % or
   * more within two minutes (the prints of 0.01, 1 and 1.06 among them); with 5 instead of 8 there are 48.
   */
  outliers: z.strictObject({
    level: level("warn"),
    limit: count(0),
    /** Bars on each side: enough for a median that two bad neighbours don't move, few enough to stay local. */
    neighbours: z.number().int().min(2).max(30).default(10),
    robust_z: above(8),
    /** Least scale, in log price. */
    floor: above(0.02),
    /** Bad prints come in twos where a bar closes on one and the next opens on it. */
    within: z.number().int().min(1).max(5).default(2),
    returned: share(0.5),
  }).refine(({ within, neighbours }) => within <= neighbours, {
    path: ["within"],
    message: "it is more than neighbours",
  }).prefault({}),
  /** Runs of bars with the very same open, high, low, close and volume: a feed that stands still. */
  stale_repeats: z.strictObject({
    level: level("warn"),
    limit: count(0),
    /**
     * So many equal bars make a run: a program that trades one small amount a minute makes short ones. In 1.6 million
     * real minutes there are 144 runs of 5 and more, 6 of 10 and more; of equal hours and days there is none.
     */
    least_minutes: z.number().int().min(2).default(10),
    least_hours: z.number().int().min(2).default(3),
    least_days: z.number().int().min(2).default(2),
  }).prefault({}),
  /** Flat bars without volume, which a source filled in where nobody traded. */
  filled_bars: counted("pass"),
  /** Hours from the newest bar to now. No limit by default: an old file is no fault. */
  freshness: z.strictObject({
    level: level("warn"),
    limit_hours: z.number().positive().nullable().default(null),
  }).prefault({}),
});

const SOURCES = z.strictObject({
  /** Closes of the same bar in two sources: so many may differ by more than `difference` (in log price). */
  disagreement: z.strictObject({
    level: level("warn"),
    /**
     * Share of the common bars. Two real exchanges differed by 0.55 % in the middle of the hours of the wild second
     * half of 2017, and by 7.4 % at the 99 % quantile.
     */
    limit_share: z.number().min(0).max(1).default(0.01),
    difference: above(0.1),
  }).prefault({}),
  /** One source's bars fit the other's better some hours or bars earlier or later: a wrong time zone. */
  shifted_clock: z.strictObject({
    level: level("warn"),
    /** Shifted, the middle difference must be below this share of the unshifted one. */
    better: share(0.8),
  }).prefault({}),
});

const SNAPSHOT = z.strictObject({
  /** At least so many coins. */
  coins: z.strictObject({ level: level("fail"), least: count(1) }).prefault({}),
  /** Coins without a price. */
  nulls: counted("warn"),
  negatives: counted("fail"),
  duplicates: counted("fail"),
  freshness: z.strictObject({ level: level("warn"), limit_hours: above(24) }).prefault({}),
});

const TICKS = z.strictObject({
  schema: counted("fail"),
  nulls: counted("warn"),
  negatives: counted("fail"),
  duplicates: counted("warn"),
  /** Ticks whose time is not of their folder's day. */
  other_day: counted("warn"),
});

const TABLES = z.strictObject({
  schema: counted("fail"),
  nulls: counted("fail"),
  duplicates: counted("fail"),
  low_and_high: counted("fail"),
});

/**
 * From where on a month of candles is not published. Shares are of its days or bars. In the real files that the defaults
 * were chosen with: at most 5 wild days a month (2013-04), levels up to 3.04 times those of the month before, 43 % of
 * the bars without volume.
 */
const PUBLISH = z.strictObject({
  /** More of the days have a highest price of more than five times the lowest. */
  max_wild_day_share: share(0.25),
  /** The price level is more times that of the month before, or that part of it: dollars or cents? */
  max_level_jump: z.number().min(1).default(10),
  /** More of the bars have no volume. */
  max_zero_volume_share: share(0.98),
});

const { candles, snapshots } = DEFAULT_CONTRACT;

/** Columns and types that were not there before, see `core/contract.ts`. It holds for what comes in from now on. */
const CONTRACT = z.strictObject({
  /** Candle files: any column that is not one of their layout's own. */
  candles: z.strictObject({
    columns: z.enum(CONTRACT_MODES).default(candles.columns),
    data_type: z.enum(CONTRACT_MODES).default(candles.data_type).refine(
      (mode) => mode === "freeze" || mode === "discard_row",
      "a candle without a price or a volume is none, so a bad value cannot go alone: choose freeze or discard_row",
    ),
  }).prefault({}),
  /** Market pages: any field that CoinGecko does not document, and numbers that are none. */
  snapshots: z.strictObject({
    columns: z.enum(CONTRACT_MODES).default(snapshots.columns),
    data_type: z.enum(CONTRACT_MODES).default(snapshots.data_type),
  }).prefault({}),
});

const CONFIG = z.strictObject({
  /** What happens to columns and types that were not there before. */
  contract: CONTRACT.prefault({}),
  /** Columns and types that were not there before, whatever the contract does with them. */
  drift: counted("warn"),
  /** What months of candles have to pass before anybody sees them. */
  publish: PUBLISH.prefault({}),
  /** Each series of candles as it came in. */
  series: SERIES.prefault({}),
  /** Two sources of one symbol and bar length. */
  sources: SOURCES.prefault({}),
  /** The newest market snapshot. */
  snapshot: SNAPSHOT.prefault({}),
  /** The latest day of the raw stream. */
  ticks: TICKS.prefault({}),
  /** What was written: a difference is our own fault. */
  tables: TABLES.prefault({}),
  /** Examples kept of each finding. */
  examples: z.number().int().min(1).max(1000).default(10),
});

/** Levels and limits of all checks. */
export type QualityConfig = z.infer<typeof CONFIG>;

/** Key of a lake's own thresholds. */
export const QUALITY_CONFIG_KEY = "_quality.json";

/** The thresholds of a lake without a file of its own. */
export const DEFAULT_QUALITY_CONFIG: QualityConfig = CONFIG.parse({});

/**
 * Reads a lake's thresholds; what the text leaves out is as by default.
 *
 * @throws {ConfigError} for text that is not JSON, an unknown key or a bad value; it names the key.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const config = readQualityConfig('{"series":{"outliers":{"level":"fail"}}}');
 * assertEquals([config.series.outliers.level, config.series.outliers.robust_z], ["fail", 8]);
 * assertThrows(() => readQualityConfig('{"serie":{}}'), Error, '"serie"');
 * ```
 */
export function readQualityConfig(text: string): QualityConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const { message } = cause as Error;
    throw new ConfigError(`Cannot read "${QUALITY_CONFIG_KEY}": it is not JSON (${message}), mend it`, {
      cause,
    });
  }
  const parsed = CONFIG.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => `"${[...issue.path, key].join(".")}"`).join(", ");
    throw new ConfigError(
      `Cannot read "${QUALITY_CONFIG_KEY}": there is no setting ${keys}, see thresholds in a report for all of them`,
      { cause: parsed.error },
    );
  }
  throw new ConfigError(
    `Cannot read "${QUALITY_CONFIG_KEY}": "${
      at || "the whole"
    }" is not usable (${issue.message}), mend or remove it`,
    { cause: parsed.error },
  );
}
