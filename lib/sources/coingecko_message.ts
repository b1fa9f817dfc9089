/** Reads what CoinGecko, or a proxy before it, says in place of data. */
import { z } from "zod";

/** What CoinGecko says about a failure. */
export interface CoinGeckoMessage {
  /** CoinGecko's own number, for example 10011; null where the body has none. */
  code: number | null;
  /** Its sentence, on one line and at most 200 characters; "" where the body has none. */
  text: string;
}

const STATUS = z.object({ error_code: z.number().optional(), error_message: z.string().optional() });
const FAILURE = z.object({
  error_code: z.number().optional(),
  status: z.union([STATUS, z.number()]).optional(),
  error: z.union([z.string(), z.object({ status: STATUS })]).optional(),
});

/**
 * Finds CoinGecko's message in a failure body of any of its shapes: `{status:{error_code,error_message}}`,
 * `{error:{status:{…}}}`, `{error_code,status:{error_message}}`, `{error:"text"}`, `{status:500,error:"text"}`, plain text, or a proxy's HTML page (its
 * title).
 *
 * @param body the body as text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(coinGeckoMessage('{"error":"coin not found"}'), { code: null, text: "coin not found" });
 * assertEquals(coinGeckoMessage('{"status":{"error_code":429,"error_message":"Slow down"}}').code, 429);
 * assertEquals(coinGeckoMessage("<html><title>504: Gateway time-out</title>").text, "504: Gateway time-out");
 * ```
 */
export function coinGeckoMessage(body: string): CoinGeckoMessage {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1];
    return { code: null, text: oneLine(title ?? (/^\s*</.test(body) ? "an HTML page" : body)) };
  }
  const parsed = FAILURE.safeParse(value);
  if (!parsed.success) return { code: null, text: "" };
  const { status, error, error_code } = parsed.data;
  const inner = typeof error === "object" ? error.status : typeof status === "object" ? status : undefined;
  return {
    code: inner?.error_code ?? error_code ?? null,
    text: oneLine(inner?.error_message ?? (typeof error === "string" ? error : "")),
  };
}

/** Text of somebody else's, made safe to stand in a message. */
export function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  const line = text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
