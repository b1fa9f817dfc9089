import { assertEquals } from "@std/assert";
import { piecesOf } from "./_test_columns.ts";
import { StaleFinder } from "./stale_finder.ts";

/** Bars from letters: equal letters in a row are equal bars, `.` is one like no other, `0` is flat without volume. */
function barsOf(letters: string) {
  return [...letters].map((letter, time) => {
    const price = letter === "." ? 1000 + time : letter === "0" ? 5 : letter.charCodeAt(0);
    const bar = { time, open: price, close: price, high: price + 1, low: price };
    return letter === "n" ? bar : { ...bar, volume: letter === "." ? 1 : letter === "0" ? 0 : 2.5 };
  });
}

function find(letters: string, least: number, { cuts = [] as number[], examples = 10 } = {}) {
  const finder = new StaleFinder(least, { examples });
  for (const bars of piecesOf(barsOf(letters), cuts)) finder.add(bars);
  return finder.end();
}

const TABLE: [letters: string, least: number, runs: [from: number, to: number, bars: number][]][] = [
  ["", 2, []],
  [".", 2, []],
  ["aa", 2, [[0, 1, 2]]],
  ["aa", 3, []],
  ["..aaa..", 3, [[2, 4, 3]]],
  ["aaab", 3, [[0, 2, 3]]],
  [".baaa", 3, [[2, 4, 3]]],
  ["aabbb", 2, [[2, 4, 3], [0, 1, 2]]],
  ["ababab", 2, []],
  ["000000", 2, []],
  ["a0000a", 2, []],
  ["..nnn.", 3, [[2, 4, 3]]],
];

Deno.test("StaleFinder finds runs of equal bars, longest first, filled bars left out", () => {
  for (const [letters, least, runs] of TABLE) {
    const found = find(letters, least);
    const got = found.examples.map(({ from_ms, to_ms, bars }) => [from_ms, to_ms, bars]);
    assertEquals([letters, got, found.runs], [letters, runs, runs.length] as unknown as typeof got[]);
    assertEquals(found.bars, runs.reduce((sum, [, , bars]) => sum + bars, 0));
  }
});

Deno.test("StaleFinder sees a run across pieces, and keeps as many examples as asked", () => {
  const letters = `${".".repeat(40)}${"a".repeat(20)}${".".repeat(30)}bbbb`;
  for (const cuts of [[1], [40], [41], [48], [50], [59], [60], [letters.length - 2], [45, 46, 47, 90, 92]]) {
    const { runs, bars, examples } = find(letters, 4, { cuts, examples: 1 });
    assertEquals([cuts, runs, bars], [cuts, 2, 24]);
    assertEquals(examples, [{ from_ms: 40, to_ms: 59, bars: 20, close: 97 }]);
  }
});
