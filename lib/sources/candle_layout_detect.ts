/** Which layout a candle file has, told from its first lines, with the reasons in sentences. */
import { QualityError, SourceError, UsageError } from "../core/errors.ts";
import type { Candle, Reject } from "../core/rows.ts";
import { DAY_MS, HOUR_MS } from "../core/time.ts";
import {
  type CandleLayout,
  FIELDS,
  LAYOUTS,
  type Places,
  splitSymbol,
  symbolInName,
} from "./candle_layout.ts";
import { cellsOf, lineReader, type LineRules } from "./candle_layout_lines.ts";
import {
  checkTimezone,
  EPOCH_UNITS,
  epochUnit,
  localMidnight,
  readStamp,
  saysUtc,
} from "./candle_layout_time.ts";
import { TIMEFRAMES } from "./candles_csv.ts";

/** What the first lines tell about a candle file. */
export interface LayoutFit {
  layout: CandleLayout;
  /** What the choice rests on: a header's names, the shape of the rows, or a person's word. */
  confidence: "header" | "shape" | "forced";
  /** The reasons, a sentence each. */
  evidence: string[];
  /** Market, such as `BTCUSD`, from a column or the file's name. */
  symbol: string | null;
  /** A key of {@linkcode TIMEFRAMES}, or null where too few rows tell it. */
  timeframe: string | null;
  /** What the volume counts, such as `BTC (base coin)`. */
  volume_unit: string;
  /** Lines before the first row. */
  skip: number;
  /** How a row is read, for {@linkcode lineReader}. */
  rules: LineRules;
  /** The rows of the head as understood, each with its line. */
  rows: { line: number; raw: string; candle: Candle }[];
  /** The lines of the head that are no candles. */
  rejects: Reject[];
}

/** What a person says about a file. */
export interface DetectOptions {
  /** Path of the file, for messages and for the market in its name. */
  name: string;
  /** Name of the file within an archive. */
  entry?: string | undefined;
  /** Name of a layout, to use it without detection. */
  layout?: string | undefined;
  /** Zone of stamps in local time, such as `Europe/Madrid`. */
  timezone?: string | undefined;
  /** Latest time that makes sense. */
  latestMs?: number | undefined;
}

/**
 * Finds the layout of a candle file from its first lines (whole ones, 256 KiB of them at most are plenty).
 *
 * @throws {SourceError} where there are no rows.
 * @throws {QualityError} where no layout fits, or the rows hold two markets, mixed time units or local times
 * without a zone.
 * @throws {UsageError} for a layout or a time zone that does not exist, or a zone where the times need none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const fit = detectLayout(
 *   ["1364774820000,93.25,93.3,93.3,93.25,93.3", "1364774880000,100,100,100,100,93.3"],
 *   { name: "BTCUSD.csv" },
 * );
 * assertEquals([fit.layout.name, fit.symbol, fit.timeframe], ["bitfinex", "BTCUSD", "1m"]);
 * assertEquals(fit.volume_unit, "BTC (base coin)");
 * assertEquals(fit.evidence.slice(0, 2), [
 *   "line 1 holds numbers: there is no header",
 *   "column 1 has 13 digits: milliseconds",
 * ]);
 * ```
 */
export function detectLayout(head: readonly string[], options: DetectOptions): LayoutFit {
  const { name, layout: forced, timezone } = options;
  if (timezone !== undefined) checkTimezone(timezone);
  const candidates = forced === undefined ? LAYOUTS : LAYOUTS.filter((layout) => layout.name === forced);
  if (candidates.length === 0) {
    throw new UsageError(
      `Cannot use layout "${forced}": there is no such layout, choose one of ${LAYOUT_NAMES}`,
    );
  }
  const first = head.findIndex((line) => line.trim() !== "");
  if (first === -1) {
    throw new SourceError(`Cannot read "${name}": it holds no rows, name a file with candles`);
  }
  checkText(head, name);
  const file: Head = { lines: head, first, separator: separatorOf(head.slice(first, first + 5)) };
  const tried = candidates.map((layout) => ({
    layout,
    found: tryLayout(layout, file, forced !== undefined),
  }));
  const fits = tried.flatMap(({ layout, found }) => "refusal" in found ? [] : [{ layout, ...found }]);
  const [chosen, ...others] = fits;
  if (!chosen) throw nothingFits(tried, file, options);
  const evidence = [
    ...forced === undefined ? [] : [`layout ${forced} was asked for`],
    ...chosen.evidence,
    ...others.map(({ layout }) =>
      `layout ${layout.name} would fit as well: --layout ${layout.name} takes it`
    ),
  ];
  return understand({ ...chosen, evidence }, file, options);
}

const LAYOUT_NAMES = LAYOUTS.map(({ name }) => name).join(", ");

interface Head {
  lines: readonly string[];
  /** Index of the first line that is not blank. */
  first: number;
  separator: string;
}

interface Found {
  places: Places;
  width: number;
  names: readonly string[];
  skip: number;
  confidence: "header" | "shape";
  evidence: string[];
}

function checkText(head: readonly string[], name: string): void {
  // deno-lint-ignore no-control-regex
  const odd = head.findIndex((line) => /[\0-\x08\x0e-\x1f\x7f]/.test(line));
  if (odd !== -1) {
    throw new QualityError(
      `Cannot read "${name}": line ${odd + 1} holds bytes that are no text (binary data, or UTF-16), ` +
        `name a file of text lines in UTF-8`,
    );
  }
}

function separatorOf(lines: readonly string[]): string {
  const count = (mark: string) => lines.reduce((sum, line) => sum + line.split(mark).length - 1, 0);
  return [",", ";", "\t", "|"].toSorted((a, b) => count(b) - count(a))[0]!;
}

function tryLayout(layout: CandleLayout, file: Head, forced: boolean): Found | { refusal: string } {
  const cells = cellsOf(file.lines[file.first]!, file.separator);
  const numbers = cells.length > 1 && cells.every((cell) => cell === "" || Number.isFinite(Number(cell)));
  if (numbers && layout.header === "always") {
    return { refusal: `line ${file.first + 1} holds numbers where its header should stand` };
  }
  if (numbers) return tryRows(layout, file, forced);
  if (layout.header === "never") return { refusal: `line ${file.first + 1} holds words, it has no header` };
  return tryHeader(layout, file);
}

function tryHeader(layout: CandleLayout, { lines, first, separator }: Head): Found | { refusal: string } {
  const refusals: string[] = [];
  for (const at of layout.banner ? [first, first + 1] : [first]) {
    const titles = cellsOf(lines[at] ?? "", separator);
    const names = titles.map((cell) => cell.toLowerCase().replace(/\s+/g, "_"));
    const marketAt = names.indexOf("symbol");
    const row = lines.slice(at + 1).find((line) => line.trim() !== "");
    const symbol = row === undefined ? undefined : cellsOf(row, separator)[marketAt];
    const places = layout.places(names, symbol ?? null);
    if ("missing" in places) {
      refusals.push(`line ${at + 1} does not name ${places.missing.join(", ")}`);
      continue;
    }
    const twice = FIELDS.map((field) => names[places[field]]!).find((name) =>
      names.indexOf(name) !== names.lastIndexOf(name)
    );
    if (twice !== undefined) return { refusal: `line ${at + 1} names ${twice} twice` };
    const banner = at > first ? lines[first]! : null;
    if (banner !== null && /timezone|timestamps/i.test(banner) && !/UTC|GMT/i.test(banner)) {
      return { refusal: `the banner "${banner.slice(0, 80)}" speaks of a zone that is not UTC` };
    }
    return {
      places,
      width: names.length,
      names,
      skip: at + 1,
      confidence: "header",
      evidence: [
        ...banner === null ? [] : [`line ${first + 1} is a banner: "${banner.slice(0, 80)}"`],
        `line ${at + 1} is a header that names ${
          FIELDS.map((field) => titles[places[field]]).join(", ")
        } (${names.length} columns)`,
        ...separator === "," ? [] : [`cells are separated by ${JSON.stringify(separator)}`],
      ],
    };
  }
  return { refusal: refusals.join(" and ") };
}

function tryRows(layout: CandleLayout, file: Head, forced: boolean): Found | { refusal: string } {
  const { lines, first, separator } = file;
  const line = first + 1, width = layout.columns.length;
  const cells = cellsOf(lines[first]!, separator);
  const places = layout.places(layout.columns, null);
  if ("missing" in places) return { refusal: `it needs a header` };
  if (cells.length !== width) return { refusal: `line ${line} has ${cells.length} cells, it has ${width}` };
  const unit = epochUnit(Number(cells[0]));
  if (unit === null) {
    return { refusal: `column 1 of line ${line} (${cells[0]!.slice(0, 20)}) is no epoch time` };
  }
  if (!layout.units.includes(unit)) {
    return { refusal: `column 1 of line ${line} is in ${unit}, it has ${layout.units.join(" or ")}` };
  }
  const evidence = [
    `line ${line} holds numbers: there is no header`,
    `column 1 has ${cells[0]!.length} digits: ${unit}`,
  ];
  const found: Found = { places, width, names: layout.columns, skip: first, confidence: "shape", evidence };
  if (layout.columns.includes("close_time")) {
    if (epochUnit(Number(cells[6])) !== unit || Number(cells[6]) <= Number(cells[0])) {
      return { refusal: `column 7 of line ${line} is no close time` };
    }
    evidence.push(`column 7 is a later time in the same unit: the bar's close`);
    return found;
  }
  const order = orderOf(file, width);
  evidence.push(
    `columns 2 to 5 fit open, close, high, low in ${order.ochl} of ${order.rows} rows ` +
      `(open, high, low, close in ${order.ohlc})`,
  );
  if (!forced && order.ochl < order.rows * 0.99) {
    return {
      refusal: `columns 2 to 5 fit open, close, high, low only in ${order.ochl} of ${order.rows} rows` +
        (order.ohlc > order.ochl ? `, but open, high, low, close in ${order.ohlc}` : ""),
    };
  }
  return found;
}

/** In how many rows of the head the prices fit either order. */
function orderOf({ lines, first, separator }: Head, width: number) {
  let rows = 0, ochl = 0, ohlc = 0;
  for (const line of lines.slice(first)) {
    const [, a, b, c, d] = cellsOf(line, separator).map(Number);
    if (![a, b, c, d].every(Number.isFinite) || cellsOf(line, separator).length !== width) continue;
    rows += 1;
    if (c! >= Math.max(a!, b!) && d! <= Math.min(a!, b!)) ochl += 1;
    if (b! >= Math.max(a!, d!) && c! <= Math.min(a!, d!)) ohlc += 1;
  }
  return { rows, ochl, ohlc };
}

function nothingFits(
  tried: readonly { layout: CandleLayout; found: Found | { refusal: string } }[],
  { lines, first, separator }: Head,
  { name, layout }: DetectOptions,
): QualityError {
  const line = lines[first]!;
  const seen = `line ${first + 1} is "${line.slice(0, 80)}"${line.length > 80 ? "…" : ""} (${
    cellsOf(line, separator).length
  } cells)`;
  const reasons = tried.map(({ layout, found }) =>
    `${layout.name}: ${"refusal" in found ? found.refusal : "fits"}`
  );
  return new QualityError(
    layout === undefined
      ? `Cannot tell the layout of "${name}": ${seen}; looked for ${reasons.join("; ")}. ` +
        `Name the layout with --layout (${LAYOUT_NAMES}), or put the header ${FIELDS.join(",")} over the rows`
      : `Cannot read "${name}" with --layout ${layout}: ${seen}; ${reasons.join("; ")}. ` +
        `Leave --layout away to have the layout found, or choose one of ${LAYOUT_NAMES}`,
  );
}

function understand(
  { layout, places, width, names, skip, confidence, evidence }: Found & { layout: CandleLayout },
  { lines, separator }: Head,
  { name, entry, layout: forced, timezone, latestMs = Date.UTC(2100, 0) }: DetectOptions,
): LayoutFit {
  if (timezone !== undefined && places.stamp !== "local") {
    throw new UsageError(
      `Cannot use --timezone ${timezone} for "${name}": times of layout ${layout.name} are instants in UTC, ` +
        `leave --timezone away`,
    );
  }
  const rules: LineRules = {
    name,
    width,
    separator,
    places,
    units: layout.units,
    layoutName: layout.name,
    timezone: timezone ?? null,
    latestMs,
  };
  const body = lines.map((raw, i) => ({ raw, line: i + 1 })).slice(skip).filter(({ raw }) =>
    raw.trim() !== ""
  );
  if (body.length === 0) {
    throw new SourceError(`Cannot read "${name}": it has a header but no rows, name a file with candles`);
  }
  const timeEvidence = places.stamp === "local" ? localEvidence(body, rules) : confidence === "shape" // its digits have been told already
    ? []
    : stampEvidence(body, rules, names);
  const read = lineReader(rules);
  const rows: LayoutFit["rows"] = [], rejects: Reject[] = [];
  for (const { raw, line } of body) {
    const result = read(raw, line);
    if ("candle" in result) rows.push({ line, raw, candle: result.candle });
    else rejects.push(result.reject);
  }
  if (rows.length === 0) {
    const { line, reason, detail } = rejects[0]!;
    throw new QualityError(
      `Cannot read "${name}" as layout ${layout.name}: none of its first ${rejects.length} rows is a candle ` +
        `(line ${line}: ${reason}, ${detail}), check the columns or choose another --layout`,
    );
  }
  const market = symbolOf(rows[0]!.raw, rules, { name, entry });
  const bars = timeframeOf(rows.map(({ candle }) => candle.time), {
    name,
    entry,
    promised: layout.timeframe,
  });
  const unit = volumeUnit(layout, market.symbol);
  const counted = rejects.length === 0 ? [] : [
    `${rejects.length} of the first ${body.length} rows are no candles (line ${rejects[0]!.line}: ${
      rejects[0]!.detail
    })`,
  ];
  return {
    layout,
    confidence: forced === undefined ? confidence : "forced",
    evidence: [
      ...evidence,
      ...timeEvidence,
      ...market.evidence,
      ...bars.evidence,
      `volume counts ${unit}`,
      ...counted,
    ],
    symbol: market.symbol,
    timeframe: bars.timeframe,
    volume_unit: unit,
    skip,
    rules,
    rows,
    rejects,
  };
}

type Body = readonly { raw: string; line: number }[];

function stampEvidence(body: Body, { places, separator }: LineRules, names: readonly string[]): string[] {
  const column = places.time + 1;
  const cells = body.map(({ raw }) => cellsOf(raw, separator));
  const first = cells[0]![places.time] ?? "";
  if (places.stamp === "utc") return [`column ${column} has stamps such as ${first.slice(0, 40)}: UTC`];
  const unit = epochUnit(Number(first));
  const told = unit === null ? [] : [`column ${column} has times such as ${first}: ${unit}`];
  const textAt = names.findIndex((name) => name === "timestamp" || name === "date");
  if (unit === null || textAt === -1) return told;
  const agree =
    cells.filter((row) =>
      readStamp(row[textAt] ?? "") === Math.round(Number(row[places.time]) * EPOCH_UNITS[unit])
    ).length;
  return [...told, `column ${textAt + 1}, read as UTC, says the same in ${agree} of ${cells.length} rows`];
}

/** Zones that are tried, to name the one that fits. */
const SUGGESTED = [
  "Europe/London",
  "Europe/Madrid",
  "Europe/Athens",
  "Europe/Moscow",
  "America/New_York",
  "America/Chicago",
  "America/Los_Angeles",
  "Asia/Kolkata",
  "Asia/Shanghai",
  "Asia/Tokyo",
];

/** Refuses days that do not begin at 00:00 UTC, unless a zone explains them. */
function localEvidence(body: Body, { name, places, separator, timezone }: LineRules): string[] {
  const stamps = body.flatMap(({ raw, line }) => {
    const cell = cellsOf(raw, separator)[places.time] ?? "";
    const reading = readStamp(cell);
    return reading === null ? [] : [{ line, cell, reading }];
  });
  const steps = stamps.slice(1).map(({ reading }, i) => Math.abs(reading - stamps[i]!.reading));
  const step = commonest(steps);
  if (step !== null && Math.abs(step.value - DAY_MS) > HOUR_MS && step.value < DAY_MS) {
    throw new QualityError(
      `Cannot read "${name}": its bars are ${step.value / 1000} s apart, layout hive_daily holds days; ` +
        `give times in epoch milliseconds under the header ${FIELDS.join(",")}`,
    );
  }
  const plain = stamps.filter(({ cell }) => !saysUtc(cell));
  const fits = (zone: string) => plain.filter(({ reading }) => "time" in localMidnight(reading, zone)).length;
  if (timezone !== null) {
    const good = fits(timezone);
    if (good * 2 < plain.length) {
      const odd = plain.find(({ reading }) => !("time" in localMidnight(reading, timezone)))!;
      const fault = localMidnight(odd.reading, timezone) as { detail: string };
      throw new QualityError(
        `Cannot read "${name}" with --timezone ${timezone}: only ${good} of ${plain.length} stamps begin a UTC ` +
          `day (line ${odd.line}: ${fault.detail}), name the zone in which the file was written`,
      );
    }
    return [`${good} of ${plain.length} stamps, read as local time of ${timezone}, are 00:00 UTC`];
  }
  if (plain.every(({ reading }) => reading % DAY_MS === 0)) {
    return [`column ${places.time + 1} has days that begin at 00:00: taken as UTC`];
  }
  const clocks = new Map<string, { count: number; line: number }>();
  for (const { reading, line } of plain) {
    const clock = new Date(reading).toISOString().slice(11, 16);
    clocks.set(clock, { line: clocks.get(clock)?.line ?? line, count: (clocks.get(clock)?.count ?? 0) + 1 });
  }
  const seen = [...clocks].slice(0, 4).map(([clock, { count, line }]) =>
    `${clock} on ${count} ${count === 1 ? "row" : "rows"} (first on line ${line})`
  );
  const zone = SUGGESTED.find((zone) => fits(zone) === plain.length);
  const hours = [...clocks.keys()].map((clock) => Number(clock.slice(0, 2))).sort((a, b) => a - b);
  const jump = clocks.size === 2 && [1, 23].includes(hours[1]! - hours[0]!)
    ? ", and they jump as daylight saving does"
    : "";
  throw new QualityError(
    `Cannot read "${name}": its days do not begin at 00:00 UTC but at ${
      seen.join(" and ")
    }${jump}: local time; ` +
      `name its zone with --timezone` +
      (zone === undefined ? " (such as Europe/Madrid)" : `, all of these rows are 00:00 UTC in ${zone}`),
  );
}

function symbolOf(
  raw: string,
  { places, separator }: LineRules,
  { name, entry }: { name: string; entry: string | undefined },
): { symbol: string | null; evidence: string[] } {
  const named = (entry === undefined ? null : symbolInName(entry)) ?? symbolInName(name);
  const told = places.symbol === null ? "" : cellsOf(raw, separator)[places.symbol] ?? "";
  if (told !== "") {
    const differs = named !== null && named !== told.toUpperCase().replace(/[-_/:]/g, "");
    const but = differs ? ` (the file's name says ${named})` : "";
    return { symbol: told, evidence: [`column ${places.symbol! + 1} names the market ${told}${but}`] };
  }
  return {
    symbol: named,
    evidence: [named === null ? "nothing names the market" : `the file's name says ${named}`],
  };
}

function commonest(values: readonly number[]): { value: number; count: number } | null {
  const counts = new Map<number, number>();
  for (const value of values) if (value > 0) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [top] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return top ? { value: top[0], count: top[1] } : null;
}

function timeframeOf(
  times: readonly number[],
  { name, entry, promised }: { name: string; entry: string | undefined; promised: string | null },
): { timeframe: string | null; evidence: string[] } {
  const steps = times.slice(1).map((time, i) => time - times[i]!);
  const step = commonest(steps.map(Math.abs));
  const named: string | null =
    [entry ?? "", name].map((text) =>
      /(?:^|[^A-Za-z0-9])(\d{1,2}[mhd])(?![A-Za-z0-9])/.exec(text.slice(text.lastIndexOf("/") + 1))?.[1]
    ).find((frame) => frame !== undefined && frame in TIMEFRAMES) ?? promised;
  const down = steps.filter((ms) => ms < 0).length;
  const order = down === 0
    ? "oldest first"
    : down === steps.length
    ? "newest first"
    : `in no strict order (${down} steps back, ${steps.length - down} forward)`;
  const timeframe = Object.entries(TIMEFRAMES).find(([, ms]) => ms === step?.value)?.[0];
  if (timeframe !== undefined) {
    return {
      timeframe,
      evidence: [
        `the commonest step is ${step!.value / 1000} s, ${step!.count} of ${steps.length}: ${timeframe} bars`,
        order,
      ],
    };
  }
  if (steps.length > 3 && step !== null) {
    const sparse = step.value > DAY_MS ? null : sparseFrame(steps, named);
    if (sparse !== null) {
      return {
        timeframe: sparse,
        evidence: [
          `steps differ (most often ${step.value / 1000} s) and are whole ${sparse} bars: bars are missing`,
          order,
        ],
      };
    }
    throw new QualityError(
      `Cannot read "${name}": its bars are ${step.value / 1000} s apart, give bars of one of ${
        Object.keys(TIMEFRAMES).join(", ")
      }`,
    );
  }
  return {
    timeframe: named,
    evidence: [
      named === null
        ? `${times.length} ${times.length === 1 ? "row is" : "rows are"} too few to tell the bar length`
        : `bars of ${named} by the name, the rows are too few to measure`,
    ],
  };
}

/** The bar length of rows with many bars missing: what the name says, or else the longest, that measures the steps. */
function sparseFrame(steps: readonly number[], named: string | null): string | null {
  const measures = (ms: number) => steps.filter((step) => step % ms === 0).length >= steps.length * 0.95;
  if (named !== null && measures(TIMEFRAMES[named]!)) return named;
  return Object.entries(TIMEFRAMES).findLast(([, ms]) => measures(ms))?.[0] ?? null;
}

function volumeUnit(layout: CandleLayout, symbol: string | null): string {
  const coin = symbol === null ? null : splitSymbol(symbol)?.[0];
  return coin ? `${coin} (${layout.volume_unit})` : layout.volume_unit;
}
