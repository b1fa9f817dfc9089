/** Which layout a candle file has, told from its first lines, with the reasons in sentences. */
import type { ContractMode } from "../core/contract.ts";
import { QualityError, SourceError, UsageError } from "../core/errors.ts";
import type { Candle, Reject } from "../core/rows.ts";
import { furtherColumns } from "./candle_contract.ts";
import { type CandleLayout, FIELDS, LAYOUTS, type Places } from "./candle_layout.ts";
import { localEvidence, stampEvidence, symbolOf, volumeUnit } from "./candle_layout_evidence.ts";
import { cellsOf, lineReader, type LineRules } from "./candle_layout_lines.ts";
import { checkTimezone, epochUnit } from "./candle_layout_time.ts";
import { timeframeOf } from "./candle_timeframe.ts";

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
  /** What becomes of values in columns that are not the layout's own. */
  columns?: ContractMode | undefined;
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
  { name, entry, layout: forced, timezone, latestMs = Date.UTC(2100, 0), columns = "discard_value" }:
    DetectOptions,
): LayoutFit {
  if (timezone !== undefined && places.stamp !== "local") {
    throw new UsageError(
      `Cannot use --timezone ${timezone} for "${name}": times of layout ${layout.name} are instants in UTC, ` +
        `leave --timezone away`,
    );
  }
  const body = lines.map((raw, i) => ({ raw, line: i + 1 })).slice(skip).filter(({ raw }) =>
    raw.trim() !== ""
  );
  if (body.length === 0) {
    throw new SourceError(`Cannot read "${name}": it has a header but no rows, name a file with candles`);
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
    further: furtherColumns(names, layout.name, body.map(({ raw }) => cellsOf(raw, separator))),
    columns,
  };
  // Without a header, the digits of the time have been told already.
  const timeEvidence = places.stamp === "local"
    ? localEvidence(body, rules)
    : confidence === "shape"
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
      `volume counts ${unit}, ${
        names[places.volume]!.startsWith("volume_") ? "as its column says" : `as in layout ${layout.name}`
      }`,
      ...rules.further.length === 0 ? [] : [
        `it has ${rules.further.length} columns that are not the layout's own: ${
          rules.further.slice(0, 5).map((column) => column.name).join(", ")
        }${rules.further.length > 5 ? ", …" : ""}`,
      ],
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
