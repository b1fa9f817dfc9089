/** Bodies as values: JSON with exact integers, a byte order mark allowed; anything else is an error that quotes it. */
import { SourceError } from "../core/errors.ts";
import { parseExactJson } from "../core/exact_json.ts";
import { coinGeckoMessage } from "./coingecko_message.ts";

/** @throws {SourceError} (retryable) where the body is not JSON. */
export function parseBody(body: Uint8Array, what: string): unknown {
  try {
    return parseExactJson(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw unusable(what, "it is not JSON", body, cause);
  }
}

/** The error for a body that is no answer. */
export function unusable(what: string, state: string, body: Uint8Array, cause?: unknown): SourceError {
  const { text } = coinGeckoMessage(new TextDecoder().decode(body.subarray(0, 4000)));
  const said = text === "" ? "" : ` and says "${text.slice(0, 120)}"`;
  return new SourceError(
    `Cannot read "${what}": ${state} (${body.length} bytes)${said}, fetch it again later`,
    { cause, retryable: true },
  );
}
