/** From a line of text to a candle, by a layout that is known: the part that sees every line of a file. */
import type { ContractMode } from "../core/contract.ts";
import { QualityError } from "../core/errors.ts";
import type { Candle, Reject } from "../core/rows.ts";
import { type FurtherColumn, furtherFault, furtherValues, oneMarket } from "./candle_contract.ts";
import { FIELDS, type Places } from "./candle_layout.ts";
import {
  EPOCH_UNITS,
  type EpochUnit,
  epochUnit,
  localMidnight,
  readStamp,
  saysUtc,
} from "./candle_layout_time.ts";
import { checkCandle, splitCells } from "./candles_csv.ts";

/** What a line can be read with. */
export interface LineRules {
  /** File, for messages. */
  name: string;
  /** Number of columns. */
  width: number;
  separator: string;
  places: Places;
  /** Units that the layout allows. */
  units: readonly EpochUnit[];
  layoutName: string;
  /** Zone of local stamps; null where they are UTC. */
  timezone: string | null;
  /** Latest time that makes sense. */
  latestMs: number;
  /** Columns that are not the layout's own. */
  further: readonly FurtherColumn[];
  /** What becomes of values in them: refuses the row, keeps them beside the candle, or leaves them. */
  columns: ContractMode;
}

/** A line is a candle or is refused. */
export type LineResult = { candle: Candle; further: FurtherValue[] } | { reject: Reject };

/** A value in a column that is not the layout's own. */
export type FurtherValue = ReturnType<typeof furtherValues>[number];

/** Cells of a line; blanks and quotes around a cell go, and a quoted cell may hold commas. */
export function cellsOf(line: string, separator: string): string[] {
  if (separator === ",") return splitCells(line);
  return line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1").trim());
}

type Cell = string | { reason: string; detail: string };

/**
 * A reader for the rows of one file, called with each line in turn. It remembers the first row's time unit and
 * market, because a file that changes them half-way holds two series.
 *
 * @throws {QualityError} by the reader, where a row's time is in another unit than the first row's, or its market
 * is another one. Which rows came before is the caller's to undo.
 */
export function lineReader(rules: LineRules): (text: string, line: number) => LineResult {
  const { name, places, width, separator, latestMs } = rules;
  let unit: { name: EpochUnit; line: number } | null = null;
  const checkMarket = oneMarket(name);

  function timeCell(cell: string, line: number): Cell {
    if (cell === "") return cell;
    if (places.stamp !== "epoch") return stampCell(cell, rules);
    const value = Number(cell);
    const found = epochUnit(value);
    // Rubbish and times out of range keep their text, and the check of the row refuses them by name.
    if (found === null) return cell;
    if (unit === null) {
      if (!rules.units.includes(found)) throw wrongUnit(rules, found, { line, cell });
      unit = { name: found, line };
    }
    if (found !== unit.name) {
      throw new QualityError(
        `Cannot read "${name}": its times are in ${unit.name} from line ${unit.line} on, but in ${found} on ` +
          `line ${line} (${cell}); give the two parts as two files`,
      );
    }
    return String(Math.round(value * EPOCH_UNITS[found]));
  }

  return (text, line) => {
    const refuse = (fault: { reason: string; detail: string }): LineResult => ({
      reject: { line, ...fault, raw: text },
    });
    const cells = cellsOf(text, separator);
    if (cells.length < width || cells.slice(width).some((cell) => cell !== "")) {
      return refuse({
        reason: "wrong_cell_count",
        detail: `${cells.length} cells where the file has ${width}`,
      });
    }
    const time = timeCell(cells[places.time]!, line);
    if (typeof time !== "string") return refuse(time);
    const values = FIELDS.map((field) => field === "time" ? time : cells[places[field]]!);
    const fault = checkCandle(values, FIELDS, { latestMs });
    if (fault) return refuse(fault);
    if (values[5] === "") return refuse({ reason: "missing_value", detail: "volume is empty" });
    if (places.symbol !== null && cells[places.symbol] !== "") checkMarket(cells[places.symbol]!, line);
    const further = rules.columns === "discard_value" ? [] : furtherValues(cells, rules.further);
    const unknown = rules.columns === "discard_row" ? furtherFault(further) : null;
    if (unknown) return refuse(unknown);
    const [at, open, close, high, low, volume] = values.map((cell) =>
      Number(cell.includes("_") ? cell.replaceAll("_", "") : cell)
    );
    return {
      candle: { time: Math.round(at!), open: open!, close: close!, high: high!, low: low!, volume: volume! },
      further,
    };
  };
}

function stampCell(cell: string, { places, timezone }: LineRules): Cell {
  const reading = readStamp(cell);
  if (reading === null) {
    return {
      reason: "not_a_time",
      detail: `time is "${cell.slice(0, 40)}", not a stamp such as 2021-01-31 00:00`,
    };
  }
  if (places.stamp === "utc") return String(reading);
  const found = localMidnight(reading, timezone === null || saysUtc(cell) ? "UTC" : timezone);
  return "time" in found ? String(found.time) : found;
}

function wrongUnit(
  { name, layoutName, units }: LineRules,
  found: EpochUnit,
  { line, cell }: { line: number; cell: string },
): QualityError {
  const ms = EPOCH_UNITS[found];
  const repair = ms > 1 ? `multiply them by ${ms}` : `divide them by ${Math.round(1 / ms)}`;
  return new QualityError(
    `Cannot read "${name}": its times (line ${line}: ${cell}) look like ${found}, layout ${layoutName} has ${
      units.join(" or ")
    }; ${ms === 1 ? "choose another --layout" : repair}`,
  );
}
