/**
 * Whether anything knows the future. What is computed for a day may depend on what was known on that day and on nothing
 * later: so the future is changed, and cut off, and every number of the past has to stay the same, bit for bit. That
 * finds a leak wherever it sits, in a feature, a scaler, a split, a window, or in a model that was chosen by its own
 * test; it does not have to know how it works.
 */
import { ModelError } from "../core/errors.ts";

/** What a pipeline computes: by name (a feature, a model), a value for each of some days. */
export type PipelineOutputs = Readonly<Record<string, { days: readonly string[]; values: Float64Array }>>;

/** A pipeline and what goes into it. */
export interface LeakSubject<Item> {
  /** From records to numbers. It has to give the same for the same records. */
  run: (records: readonly Item[]) => PipelineOutputs;
  records: readonly Item[];
  /** The day, `YYYY-MM-DD`, on which a record was known: for a correction the day on which it came. */
  knownOn: (record: Item) => string;
  /** Another record that might as well have come, given a number above 0 and not 1 that tells how far off it is. */
  disturb: (record: Item, factor: number) => Item;
}

/** A number that knew the future. */
export interface Leak {
  /** The guilty output. */
  name: string;
  /** The day that it was computed for. */
  day: string;
  /** The last day that was left as it was. */
  cut: string;
  how: "changed" | "cut off";
  value: number;
  /** What it became; NaN where it is not there any more. */
  became: number;
}

/**
 * How the future is moved, one run each: record by record, which makes it restless, or further and further, which makes
 * it a trend. What chooses by its own test only shows where the future makes it choose otherwise.
 */
const MOVES: readonly ((later: number) => number)[] = [
  (later) => later % 2 === 0 ? 1 / 3 : 3,
  (later) => 1.5 ** (1 + later % 3),
  (later) => 1.2 ** Math.min(1 + later, 20),
  (later) => 0.85 ** Math.min(1 + later, 20),
];

/**
 * Finds outputs of days up to each cut that change where records known later are changed or left out.
 *
 * @param cuts Days; choose some that begin a fold, where splits leak first.
 * @returns each guilty output once, with the earliest day at which it was caught.
 * @throws {ModelError} where the pipeline gives different numbers for the same records.
 *
 * @example A window that looks ahead
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const records = ["2026-01-01", "2026-01-02", "2026-01-03"].map((day, i) => ({ day, price: i + 1 }));
 * const leaks = findLeaks({
 *   records,
 *   knownOn: ({ day }) => day,
 *   disturb: (record, factor) => ({ ...record, price: record.price * factor }),
 *   run: (some) => ({
 *     price: { days: some.map(({ day }) => day), values: Float64Array.from(some, ({ price }) => price) },
 *     centred: {
 *       days: some.map(({ day }) => day),
 *       values: Float64Array.from(some, ({ price }, i) => price + (some[i + 1]?.price ?? 0)),
 *     },
 *   }),
 * }, ["2026-01-02"]);
 * assertEquals(leaks.map(({ name, day }) => [name, day]), [["centred", "2026-01-02"]]);
 * ```
 */
export function findLeaks<Item>(
  { run, records, knownOn, disturb }: LeakSubject<Item>,
  cuts: readonly string[],
): Leak[] {
  const truth = run(records);
  const again = compare(truth, run(records), { cut: "9999-12-31", how: "changed" });
  if (again.length > 0) {
    throw new ModelError(
      `Cannot look for leaks: "${again[0]!.name}" of ${
        again[0]!.day
      } differs between two runs on the same records, ` +
        `give it a fixed seed`,
    );
  }
  const found = new Map<string, Leak>();
  const note = (leaks: Leak[]) => {
    for (const leak of leaks) {
      const known = found.get(leak.name);
      if (known === undefined || leak.day < known.day) found.set(leak.name, leak);
    }
  };
  for (const cut of cuts) {
    for (const move of MOVES) {
      let later = 0;
      const changed = records.map((record) =>
        knownOn(record) > cut ? disturb(record, move(later++)) : record
      );
      note(compare(truth, run(changed), { cut, how: "changed" }));
    }
    note(compare(truth, run(records.filter((record) => knownOn(record) <= cut)), { cut, how: "cut off" }));
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The same as an assertion.
 *
 * @throws {ModelError} which names what knew the future, and when.
 */
export function assertNoLeak<Item>(subject: LeakSubject<Item>, cuts: readonly string[]): void {
  const leaks = findLeaks(subject, cuts);
  if (leaks.length === 0) return;
  throw new ModelError(
    `Cannot trust ${leaks.map(({ name }) => `"${name}"`).join(", ")}: ${leaks.map(leakText).join("; ")}; ` +
      `compute it from what is known on its day`,
  );
}

/** A leak in words. */
export function leakText({ name, day, cut, how, value, became }: Leak): string {
  return `${name} of ${day} is ${value}, and ${
    Number.isNaN(became) ? "nothing" : became
  } once what became known after ` +
    `${cut} is ${how}`;
}

function compare(
  truth: PipelineOutputs,
  other: PipelineOutputs,
  { cut, how }: Pick<Leak, "cut" | "how">,
): Leak[] {
  return Object.entries(truth).flatMap(([name, { days, values }]) => {
    const theirs = new Map(other[name]?.days.map((day, i) => [day, other[name]!.values[i]!]));
    for (const [i, day] of days.entries()) {
      if (day > cut) break;
      const became = theirs.get(day) ?? NaN;
      if (!Object.is(values[i]!, became)) return [{ name, day, cut, how, value: values[i]!, became }];
    }
    return [];
  });
}
