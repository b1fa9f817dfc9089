/** Sends a request to a service of AWS again where it asks for patience. Loads nothing of AWS. */
import type { Effects } from "../core/effects.ts";
import { describeThrown, isBroken, isBusy } from "./aws_errors.ts";

/** Tries of one request. */
const TRIES = 6;
/** The longest first wait; it doubles, with full jitter: 15.5 s = 0.5+1+2+4+8 at most. */
const WAIT_MS = 500;

/**
 * Gives what `send` gives. Where the service is busy or the connection broke it is called again, six times in all, so
 * it must be a request that may be carried out twice; what the last try threw is thrown as it is.
 *
 * A client that is used like this has `maxAttempts: 1`: waiting is done here, where a test can look at the clock.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const waits: number[] = [];
 * const effects = { random: () => 1, sleep: (ms: number) => Promise.resolve(void waits.push(ms)) };
 * const answers = [{ name: "ThrottlingException" }, { name: "ThrottlingException" }, "rows"];
 * const send = () => {
 *   const answer = answers.shift();
 *   return typeof answer === "string" ? Promise.resolve(answer) : Promise.reject(answer);
 * };
 * assertEquals([await sendPatiently(send, effects), waits], ["rows", [500, 1000]]);
 * ```
 */
export async function sendPatiently<T>(
  send: () => Promise<T>,
  { sleep, random }: Pick<Effects, "sleep" | "random">,
): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await send();
    } catch (error) {
      const thrown = describeThrown(error);
      if (tries === TRIES || !(isBusy(thrown) || isBroken(thrown))) throw error;
      await sleep(random() * WAIT_MS * 2 ** (tries - 1));
    }
  }
}
