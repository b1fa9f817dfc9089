/**
 * A long history in calendar units, and which pieces of them are still to be had. A unit is a month of bars shorter
 * than an hour, else a year. Mostly a piece is a whole unit; it is less where the history begins or ends within one,
 * and where a part of it is in the lake already.
 */
import { compactStamp, HOUR_MS } from "../../core/time.ts";

/** A stretch of time. */
export interface Span {
  from_ms: number;
  /** Not included. */
  until_ms: number;
}

/** A part of one calendar unit. */
export interface Piece extends Span {
  /** `2024-01`, or `2024` for bars of an hour and longer. */
  unit: string;
}

/**
 * The calendar units of a stretch, cut to it.
 *
 * @param step_ms Milliseconds of a bar.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const year = { from_ms: Date.UTC(2023, 11, 31), until_ms: Date.UTC(2024, 1, 1) };
 * assertEquals(calendarPieces(year, 60_000).map(({ unit }) => unit), ["2023-12", "2024-01"]);
 * assertEquals(calendarPieces(year, 3_600_000).map(({ unit }) => unit), ["2023", "2024"]);
 * ```
 */
export function calendarPieces({ from_ms, until_ms }: Span, step_ms: number): Piece[] {
  const pieces: Piece[] = [];
  for (let from = from_ms; from < until_ms;) {
    const unit = unitOf(from, step_ms);
    const until = Math.min(until_ms, unitSpan(unit).until_ms);
    pieces.push({ unit, from_ms: from, until_ms: until });
    from = until;
  }
  return pieces;
}

/** The unit that holds a time. */
function unitOf(time_ms: number, step_ms: number): string {
  return new Date(time_ms).toISOString().slice(0, step_ms < HOUR_MS ? 7 : 4);
}

/**
 * Where a unit begins and ends.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(unitSpan("2024-02"), { from_ms: Date.UTC(2024, 1), until_ms: Date.UTC(2024, 2) });
 * assertEquals(unitSpan("2024"), { from_ms: Date.UTC(2024, 0), until_ms: Date.UTC(2025, 0) });
 * ```
 */
export function unitSpan(unit: string): Span {
  const [year, month] = unit.split("-").map(Number) as [number, number | undefined];
  return month === undefined
    ? { from_ms: Date.UTC(year, 0), until_ms: Date.UTC(year + 1, 0) }
    : { from_ms: Date.UTC(year, month - 1), until_ms: Date.UTC(year, month) };
}

/**
 * The name of a piece: its unit's, with the stamps of both ends unless it is the whole unit. The same bars always have
 * the same name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const whole = { unit: "2024-01", from_ms: Date.UTC(2024, 0), until_ms: Date.UTC(2024, 1) };
 * assertEquals(pieceName(whole), "2024-01");
 * assertEquals(
 *   pieceName({ ...whole, from_ms: Date.UTC(2024, 0, 15) }),
 *   "2024-01_20240115T000000Z_20240201T000000Z",
 * );
 * ```
 */
export function pieceName({ unit, from_ms, until_ms }: Piece): string {
  const whole = unitSpan(unit);
  if (from_ms === whole.from_ms && until_ms === whole.until_ms) return unit;
  return `${unit}_${compactStamp(new Date(from_ms))}_${compactStamp(new Date(until_ms))}`;
}

/**
 * What is left of a stretch when others are taken out of it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const day = { from_ms: 0, until_ms: 24 };
 * assertEquals(without(day, [{ from_ms: 20, until_ms: 30 }, { from_ms: 4, until_ms: 8 }]), [
 *   { from_ms: 0, until_ms: 4 },
 *   { from_ms: 8, until_ms: 20 },
 * ]);
 * assertEquals(without(day, [{ from_ms: 0, until_ms: 24 }]), []);
 * ```
 */
export function without({ from_ms, until_ms }: Span, others: readonly Span[]): Span[] {
  const left: Span[] = [];
  let from = from_ms;
  for (const other of others.toSorted((a, b) => a.from_ms - b.from_ms)) {
    if (other.from_ms > from) left.push({ from_ms: from, until_ms: Math.min(other.from_ms, until_ms) });
    from = Math.max(from, other.until_ms);
    if (from >= until_ms) break;
  }
  if (from < until_ms) left.push({ from_ms: from, until_ms });
  return left.filter((span) => span.from_ms < span.until_ms);
}
