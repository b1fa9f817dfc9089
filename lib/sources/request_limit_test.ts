import { assertEquals } from "@std/assert";
import { RequestLimit } from "./request_limit.ts";

/** A clock that moves only while somebody sleeps. */
function fakeClock(start = Date.UTC(2026, 0, 2)) {
  let ms = start;
  const sleeps: number[] = [];
  return {
    sleeps,
    step: (by: number) => void (ms += by),
    now: () => new Date(ms),
    sleep: (wait: number) => {
      sleeps.push(wait);
      ms += wait;
      return Promise.resolve();
    },
  };
}

Deno.test("RequestLimit never lets more than its number through in any 60 seconds", async () => {
  const clock = fakeClock();
  const limit = new RequestLimit(5, clock);
  const times: number[] = [];
  for (let i = 0; i < 40; i++) {
    clock.step((i * 7919) % 9000);
    await limit.take(Infinity);
    times.push(clock.now().getTime());
  }
  for (const time of times) {
    assertEquals(times.filter((other) => other > time - 60_000 && other <= time).length <= 5, true);
  }
});

Deno.test("RequestLimit says null at once where the wait would be too long, and counts nothing", async () => {
  const clock = fakeClock();
  const limit = new RequestLimit(1, clock);
  assertEquals(await limit.take(0), 0);
  clock.step(20_000);
  assertEquals(await limit.take(39_999), null);
  assertEquals(await limit.take(40_000), 40_000);
  assertEquals(clock.sleeps, [40_000]);
});

Deno.test("RequestLimit is not fooled by a clock that is set back", async () => {
  const clock = fakeClock();
  const limit = new RequestLimit(1, clock);
  await limit.take(0);
  clock.step(-3_600_000);
  assertEquals(await limit.take(59_999), null);
});
