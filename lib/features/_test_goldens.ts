import pl from "nodejs-polars";
import { assertAlmostEquals, assertEquals } from "@std/assert";

/** Columns by name; `timestamp` in epoch milliseconds. */
type Columns = Record<string, (number | null)[]>;

const text = Deno.readTextFileSync(new URL("testdata/feature_goldens.ndjson", import.meta.url));
const lines: { name: string; columns: Columns }[] = text.trim().split("\n").map((line) => JSON.parse(line));

/** What pandas made of made-up bars; see `testdata/feature_goldens.py`. */
export const goldens = Object.fromEntries(lines.map(({ name, columns }) => [name, columns])) as Record<
  "hours" | "features" | "four_hours" | "weeks" | "minutes" | "realised",
  Columns
>;

/** A frame of golden bars; minutes have one price each. */
export function goldenBars(name: "hours" | "minutes"): pl.DataFrame {
  const { timestamp, close, open = close, high = close, low = close, volume = close } = goldens[name];
  const numbers = Object.entries({ open, high, low, close, volume })
    .map(([name, values]) => pl.Series(name, values as number[], pl.Float64));
  return pl.DataFrame([pl.Series("timestamp", timestamp as number[], pl.Datetime("ms")), ...numbers]);
}

/** Compares all golden columns with a frame's. */
export function assertGolden(frame: pl.DataFrame, golden: Columns, tolerance = 1e-12): void {
  for (const [name, expected] of Object.entries(golden)) {
    const got = frame.getColumn(name).toArray().map((value: unknown) =>
      value instanceof Date ? value.getTime() : value as number | null
    );
    assertEquals(got.length, expected.length, name);
    for (const [row, value] of expected.entries()) {
      if (value === null) assertEquals([name, row, got[row]], [name, row, null]);
      else {assertAlmostEquals(
          got[row]!,
          value,
          tolerance * Math.max(1, Math.abs(value)),
          `${name}, row ${row}`,
        );}
    }
  }
}
