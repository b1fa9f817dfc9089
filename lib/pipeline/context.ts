/** What the steps of one run share. */
import { LakeError } from "../core/errors.ts";
import type { Effects } from "../core/effects.ts";
import { DAY_MS } from "../core/time.ts";
import { readRecords } from "../lake/ledger.ts";
import { kindOfSource, type LakeKind } from "../lake/open_lake.ts";
import type { DailyFeatures } from "../features/daily_features.ts";
import type { ObjectHash } from "../lake/run_log.ts";
import type { ObjectStore } from "../lake/store.ts";
import type { Comparison } from "../models/mod.ts";
import type { QualityConfig, QualityReport } from "../quality/mod.ts";
import { rowCheck } from "../sources/candle_contract.ts";
import { inspectCandles } from "../sources/candles_csv.ts";
import { CANDLE_RECORDS, type CandleRecord, candleRecord } from "../warehouse/candle_records.ts";
import { CandleStage, type StagedSeries } from "../warehouse/candle_stage.ts";
import type { HistoryQuestion } from "./backfill/history_question.ts";
import { lakeConfig } from "./lake_config.ts";
import type { LayoutChoice } from "./steps/convert_candles.ts";
import { type DuckDb, openDuckDb } from "../warehouse/engine_duckdb.ts";
import { readFills } from "../warehouse/fill_records.ts";
import { type Fill, type SilverUnit, sourceSpans } from "../warehouse/silver_units.ts";
import { allSilver, dirtySilver, type QualityMode } from "./silver/dirty_silver.ts";

/** Where a run's data come from. `auto` is settled before the first step. */
export type RunSource = "csv" | "demo" | "coingecko" | "exchange";

/** The folder of the model registry, where none is named. */
export function modelsOf(kind: LakeKind): string {
  return kind === "demo" ? "models/demo" : "models";
}

/** The symbol that features, models and the dashboard are about, and that of candle files unless they say another. */
export const SYMBOL = "BTCUSD";

/** What a step reports. */
export interface StepResult {
  status: "ok" | "skipped" | "warn";
  rows_in: number | null;
  rows_out: number | null;
  detail: string;
  /** For the run log: what the step read and wrote, and how often it asked an API. */
  inputs?: readonly ObjectHash[];
  outputs?: readonly ObjectHash[];
  requests?: number;
}

/** A step as the run's summary shows it. */
export interface StepSummary extends Omit<StepResult, "status" | "inputs" | "outputs" | "requests"> {
  name: string;
  status: StepResult["status"] | "failed" | "not_run";
  duration_ms: number;
}

/** What a run was asked to do. */
export interface RunSettings {
  source: RunSource;
  /** Candle files, for `csv`. */
  ohlcv: readonly string[];
  /** What the candle files are about; left out, {@linkcode SYMBOL}. */
  symbol?: string;
  /** What is known of their layout, where they may have another one than the lake's own. */
  layout?: LayoutChoice;
  /** What an exchange is asked for, for `exchange`. */
  exchange?: HistoryQuestion;
  /**
   * What the source's data are; left out, what its name says. Null where only CoinGecko's answers say it, because
   * another address may be the demo market's.
   */
  kind?: LakeKind | null;
  /** What a new lake may become where the answers say it; left out, what the first one is. */
  only?: LakeKind;
  /** Folder of the model registry; left out, that of the lake's kind. */
  models?: string;
  /** Whether months that fail their checks stay aside; left out, `fail`: they do. */
  quality?: QualityMode;
  /** What inserts hourly gold; left out, `duckdb`. Candles are DuckDB's work on either. */
  engine?: "duckdb" | "athena";
  /** Template that inserts it; left out, the repository's `insert_last_hour.sql`. */
  insertSql?: string;
  /** Whether the lake goes when the run ends: what it keeps aside is only counted then, for nobody can look there. */
  temporary?: boolean;
  /** Seed of the demo market and of every model. */
  seed: number;
  env: Readonly<Record<string, string | undefined>>;
}

/** What exceeds it goes to the disk, so that ten times the candles need hardly more memory. */
const ENGINE_MEMORY = "256MB";

/** A candle may lie a day ahead of the clock: exchanges and laptops disagree about now. */
export function latestCandleMs(now: Date): number {
  return now.getTime() + DAY_MS;
}

/** One run: its lake, its clock, and what earlier steps have made for later ones. */
export class RunContext implements AsyncDisposable {
  readonly runId: string;
  readonly startedAt: Date;
  readonly store: ObjectStore;
  readonly settings: RunSettings;
  readonly effects: Effects;
  /** What the lake is. */
  kind: LakeKind;
  /** Steps that have ended, for the dashboard. */
  readonly steps: StepSummary[] = [];
  /** What the step that runs has written so far and no record of the ledger knows: for the run log, should it fail. */
  readonly written: ObjectHash[] = [];
  /** Results that later steps show. */
  quality: QualityReport | null = null;
  /** Months of candles that failed their checks and are not published. */
  held = 0;
  model: { comparison: Comparison; explanation: string } | null = null;
  features: DailyFeatures | null = null;
  /** Something that was asked for did not come: the run ends as a partial one. */
  partial = false;

  #engine: Promise<DuckDb> | null = null;
  #lakeEngine: Promise<DuckDb> | null = null;
  #stage: CandleStage | null = null;
  #staged = new Set<string>();
  #config: Promise<QualityConfig> | null = null;
  #fills: Promise<readonly Fill[]> | null = null;
  #units: Promise<readonly SilverUnit[]> | null = null;
  #dirty: Promise<readonly SilverUnit[]> | null = null;
  #series: Promise<readonly StagedSeries[]> | null = null;
  #records: Promise<readonly CandleRecord[]> | null = null;

  constructor(
    { runId, store, settings, effects }: {
      runId: string;
      store: ObjectStore;
      settings: RunSettings;
      effects: Effects;
    },
  ) {
    this.runId = runId;
    this.store = store;
    this.settings = settings;
    this.effects = effects;
    this.startedAt = effects.now();
    this.kind = settings.kind ?? kindOfSource(settings.source);
  }

  /** Where the data come from, for those who read of it: what CoinGecko's paths give of a demo market is demo. */
  get source(): RunSource {
    return this.kind === "demo" ? "demo" : this.settings.source;
  }

  /** Folder of the model registry. */
  get models(): string {
    return this.settings.models ?? modelsOf(this.kind);
  }

  /** The run's engine, opened at its first use. */
  engine(): Promise<DuckDb> {
    return this.#engine ??= this.#open("spill");
  }

  /** A second engine for what is read back from the lake: its names never mean rows that are still being made. */
  engineOnLake(): Promise<DuckDb> {
    return this.#lakeEngine ??= this.#open("spill-lake");
  }

  async #open(spill: string): Promise<DuckDb> {
    return await openDuckDb({
      memoryLimit: ENGINE_MEMORY,
      spillFolder: `${await this.store.scratch()}/${spill}`,
    });
  }

  /** The stage that candle files are loaded into. */
  async stage(): Promise<CandleStage> {
    if (this.#stage) return this.#stage;
    const scratch = await this.store.scratch();
    const latestMs = latestCandleMs(this.startedAt);
    // The engine may open while the first file is decompressed.
    return this.#stage ??= new CandleStage(this.engine(), { scratch, latestMs });
  }

  /** Notes that a file of the lake is in the stage already. */
  markStaged(sha256: string): void {
    this.#staged.add(sha256);
  }

  /** Candle files of the lake in the order in which they came. */
  candleRecords(): Promise<readonly CandleRecord[]> {
    return this.#records ??= readRecords(this.store, CANDLE_RECORDS).then((records) =>
      [...records.values()].map(candleRecord).sort((a, b) => a.arrival - b.arrival)
    );
  }

  /** To be called after a record was written: the newest, in place of an older one of the same bytes, or of `former`. */
  async noteCandleRecord(record: CandleRecord, former = record): Promise<void> {
    const gone = [record.sha256, former.sha256];
    const others = (await this.candleRecords()).filter(({ sha256 }) => !gone.includes(sha256));
    this.#records = Promise.resolve([...others, record].sort((a, b) => a.arrival - b.arrival));
    this.#units = null;
    this.#dirty = null;
    this.#series = null;
  }

  /** Decisions to take bars of another source where a symbol's own one has none. */
  fills(): Promise<readonly Fill[]> {
    return this.#fills ??= readFills(this.store);
  }

  /**
   * The lake's thresholds.
   *
   * @throws {ConfigError} where `_quality.json` cannot be used.
   */
  qualityConfig(): Promise<QualityConfig> {
    return this.#config ??= lakeConfig(this.store);
  }

  /** Symbols' years, and what their silver is made of. */
  silverUnits(): Promise<readonly SilverUnit[]> {
    return this.#units ??= Promise.all([this.candleRecords(), this.fills(), this.qualityConfig()])
      .then(([records, fills, { publish }]) => allSilver(records, { fills, limits: publish }));
  }

  /** Those of them that are not made yet, or of other files than they should be. */
  dirtySilver(): Promise<readonly SilverUnit[]> {
    return this.#dirty ??= this.silverUnits().then((units) =>
      dirtySilver(this.store, units, { quality: this.settings.quality ?? "fail" })
    );
  }

  /** To be called after silver was made: the next question looks again, and later steps have the rows' memory. */
  async forgetSilver(): Promise<void> {
    this.#dirty = null;
    this.#series = null;
    this.#staged.clear();
    await this.#stage?.clear();
  }

  /** Loads the candle files behind {@linkcode dirtySilver} that are not in the stage yet, and settles the whole. */
  sealedSeries(): Promise<readonly StagedSeries[]> {
    return this.#series ??= this.#seal();
  }

  async #seal(): Promise<StagedSeries[]> {
    const stage = await this.stage();
    const records = await this.candleRecords();
    const units = await this.dirtySilver();
    const needed = new Set(units.flatMap(({ files }) => files.map(({ sha256 }) => sha256)));
    const files = records.filter(({ sha256 }) => needed.has(sha256));
    // Order decides which file stands where two disagree, so all of them are loaded, in their order.
    if (files.some(({ sha256 }) => !this.#staged.has(sha256))) {
      await stage.clear();
      for (const record of files) {
        const { key, timeframe, symbol, contract, further } = record;
        if (await this.store.head(key) === null) {
          throw new LakeError(
            `Cannot read "${key}": it is gone though the lake's ledger names it, bring it back from a copy ` +
              `(\`deno task doctor --lake ${this.store.url}\` lists all that is damaged)`,
          );
        }
        const file = await inspectCandles(await this.store.localPath(key), { timeframe });
        // What the contract refused at the door stays refused; markets were checked then. A converted file holds
        // neither.
        const check = contract === "discard_row" && record.original === undefined
          ? rowCheck({ path: key, columns: [], further }, { symbol, mode: contract })
          : null;
        await stage.load(file, record, check);
        this.markStaged(record.sha256);
      }
    }
    const years = Map.groupBy(units, ({ symbol }) => symbol);
    return await stage.seal({
      years: new Map([...years].map(([symbol, mine]) => [symbol, mine.map(({ year }) => year)])),
      spans: sourceSpans(records),
      fills: await this.fills(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#engine)?.[Symbol.dispose]();
    (await this.#lakeEngine)?.[Symbol.dispose]();
  }
}
