/** What the rows of a candle file tell beside their layout: time, zone, market, bar length, volume; with reasons. */
import { QualityError } from "../core/errors.ts";
import { DAY_MS, HOUR_MS } from "../core/time.ts";
import { type CandleLayout, FIELDS, splitSymbol, symbolInName } from "./candle_layout.ts";
import { cellsOf, type LineRules } from "./candle_layout_lines.ts";
import { EPOCH_UNITS, epochUnit, localMidnight, readStamp, saysUtc } from "./candle_layout_time.ts";
import { commonest } from "./candle_timeframe.ts";

/** Rows of a file's head. */
export type Body = readonly { raw: string; line: number }[];

/** What the time column holds, for times that need no zone. */
export function stampEvidence(
  body: Body,
  { places, separator }: LineRules,
  names: readonly string[],
): string[] {
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
export function localEvidence(body: Body, { name, places, separator, timezone }: LineRules): string[] {
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
      (zone !== undefined
        ? `, all of these rows are 00:00 UTC in ${zone}`
        : fits("UTC") * 2 >= plain.length
        ? ` (--timezone UTC takes the days at 00:00 and refuses the others)`
        : " (such as --timezone Europe/Madrid)"),
  );
}

/** The market: a column's word, or else the file's name. */
export function symbolOf(
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

/** What the volume counts, with the coin's name where the market tells it. */
export function volumeUnit(layout: CandleLayout, symbol: string | null): string {
  const coin = symbol === null ? null : splitSymbol(symbol)?.[0];
  return coin ? `${coin} (${layout.volume_unit})` : layout.volume_unit;
}
