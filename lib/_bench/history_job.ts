/**
 * The whole command that is timed beside `candles_job.ts`: `backfill` of a file, with raw bytes, silver, gold, the
 * quality report and the completeness ledger.
 *
 * Arguments: FILE OUT. Prints the process's peak memory in KiB.
 */
import process from "node:process";
import { main } from "../pipeline/cli.ts";

const [path, out] = Deno.args;
if (!path || !out) throw new TypeError("Cannot run: give FILE and OUT");
const code = await main(["backfill", "--ohlcv", path, "--lake", out], {
  env: {},
  fetch: globalThis.fetch,
  stdout: () => {},
  stderr: () => {},
  terminal: false,
});
console.log(process.resourceUsage().maxRSS);
Deno.exit(code);
