import { assertEquals, assertStringIncludes } from "@std/assert";
import { Workplace } from "./_test_cli.ts";

Deno.test("a flag that cannot be used is refused with what was given and what is wanted", async () => {
  await using work = await Workplace.make();
  const table: [args: string[], message: string][] = [
    [["train", "--model", "har", "--seed", "x"], "--seed x: give a whole number from 0 to 2147483647"],
    [["train", "--model", "har", "--horizon", "7.5"], "--horizon 7.5: give a whole number from 1 on"],
    [["train", "--model", "lstm", "--threads", "65"], "--threads 65: give a whole number from 1 to 64"],
    [["train", "--model", "har", "--since", "May"], "--since May: give a day as YYYY-MM-DD"],
    [["leaderboard", "--seeds", "0"], "--seeds 0: give a whole number from 1 on"],
    [
      ["leaderboard", "--target", "mood"],
      "--target mood: choose among volatility, realised_volatility, price",
    ],
    [["leaks", "--horizon", "1e400"], "--horizon 1e400: give a whole number from 1 on"],
    [["leaks", "--target", "volume"], "--target volume: choose among volatility, price, return"],
    [["gaps", "--lake", ""], '--lake "": it is empty, give a value'],
    [["ingest", "--lake", ""], '--lake "": it is empty, give a value'],
  ];
  for (const [args, message] of table) {
    const { code, stdout, stderr } = await work.run(args);
    assertEquals([args, code, stdout], [args, 2, ""]);
    assertStringIncludes(stderr, `Cannot use ${message}`);
  }
});
