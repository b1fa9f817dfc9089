import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { DAY_MS, MINUTE_MS } from "../../core/time.ts";
import { calendarPieces, pieceName, type Span, unitSpan, without } from "./pieces.ts";

const span = fc.tuple(fc.nat(60), fc.nat(20)).map(([from, length]): Span => ({
  from_ms: from,
  until_ms: from + length,
}));

Deno.test("without() leaves exactly what no other stretch holds, in order, without empty ones", () => {
  fc.assert(fc.property(span, fc.array(span, { maxLength: 6 }), (whole, others) => {
    const left = without(whole, others);
    const inside = (time: number) => ({ from_ms, until_ms }: Span) => time >= from_ms && time < until_ms;
    for (let time = -1; time < 90; time++) {
      const expected = inside(time)(whole) && !others.some(inside(time));
      assertEquals(left.some(inside(time)), expected);
    }
    left.forEach(({ from_ms, until_ms }, i) => {
      assertEquals(from_ms < until_ms && from_ms >= (left[i - 1]?.until_ms ?? from_ms), true);
    });
  }));
});

Deno.test("calendarPieces() cover a stretch without gap or overlap, each within its unit", () => {
  const start = Date.UTC(2019, 0);
  fc.assert(
    fc.property(
      fc.nat(4000),
      fc.nat(800),
      fc.constantFrom(MINUTE_MS, 60 * MINUTE_MS, DAY_MS),
      (day, days, step) => {
        const whole = { from_ms: start + day * DAY_MS, until_ms: start + (day + days) * DAY_MS };
        const pieces = calendarPieces(whole, step);
        assertEquals(without(whole, pieces), []);
        pieces.forEach(({ unit, from_ms, until_ms }, i) => {
          assertEquals(from_ms, pieces[i - 1]?.until_ms ?? whole.from_ms);
          assertEquals(without({ from_ms, until_ms }, [unitSpan(unit)]), []);
        });
        assertEquals(new Set(pieces.map(pieceName)).size, pieces.length);
      },
    ),
  );
});
