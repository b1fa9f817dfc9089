/** Numbers and names as a reader sees them. English, deterministic, never the machine's locale. */

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const CENTS = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const SMALL = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4, maximumFractionDigits: 20 });

/** What stands where a number is unknown. */
export const UNKNOWN = "–";

/**
 * A price in USD: whole dollars from 1,000, cents from 1, four significant digits below.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(formatPrice(105509.4), "$105,509");
 * assertEquals(formatPrice(3.5), "$3.50");
 * assertEquals(formatPrice(0.0000123456), "$0.00001235");
 * assertEquals(formatPrice(null), "–");
 * ```
 */
export function formatPrice(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  const text = size >= 1000
    ? GROUPED.format(size)
    : size >= 1 || size === 0
    ? CENTS.format(size)
    : SMALL.format(size);
  return `${value < 0 ? "−" : ""}$${text}`;
}

/**
 * A large amount in USD, three significant digits: T, B, M.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(formatUsdShort(2107656638441), "$2.11T");
 * assertEquals(formatUsdShort(999999999), "$1.00B");
 * assertEquals(formatUsdShort(12345), "$12,345");
 * ```
 */
export function formatUsdShort(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  for (const [unit, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"]] as const) {
    const scaled = Number((value / unit).toPrecision(3));
    if (Math.abs(scaled) >= 1) {
      const digits = Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2;
      return `${scaled < 0 ? "−" : ""}$${Math.abs(scaled).toFixed(digits)}${letter}`;
    }
  }
  return formatPrice(value);
}

/**
 * A change in percentage points with its sign.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(formatChange(-3.94913), "−3.95%");
 * assertEquals(formatChange(-0.001), "0.00%");
 * assertEquals(formatChange(1234.5), "+1,235%");
 * ```
 */
export function formatChange(pct: number | null): string {
  if (pct === null || !Number.isFinite(pct)) return UNKNOWN;
  const text = Math.abs(pct) >= 1000 ? GROUPED.format(Math.abs(pct)) : Math.abs(pct).toFixed(2);
  return Number(pct.toFixed(2)) === 0 ? "0.00%" : `${pct < 0 ? "−" : "+"}${text}%`;
}

/** A fraction as a percentage: `0.0213` is `2.13%`. */
export function formatShare(fraction: number): string {
  return Number.isFinite(fraction) ? `${(fraction * 100).toFixed(2)}%` : UNKNOWN;
}

/** A count with its thousands grouped; unknown is a dash. */
export function formatCount(value: number | null): string {
  return value === null || !Number.isFinite(value) ? UNKNOWN : GROUPED.format(value);
}

/**
 * A duration for a person.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([12, 1234, 61_000].map(formatDuration), ["12 ms", "1.2 s", "1 min 1 s"]);
 * ```
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return UNKNOWN;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * A name from outside made safe for a picture: control and direction characters become spaces, lone surrogates
 * U+FFFD (XML, and so resvg, refuses both).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(plainText(" Coin\u0000\u202e X \ud800"), "Coin X \ufffd");
 * ```
 */
export function plainText(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]+/gu, " ")
    .replaceAll(/\s+/g, " ").trim();
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Text made safe inside HTML elements and quoted attributes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(escapeHtml(`<b a="1">'&`), "&lt;b a=&quot;1&quot;&gt;&#39;&amp;");
 * ```
 */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign]!);
}

/**
 * JSON made safe inside a `<script>` element: every `<` becomes `\u003c`, so no `</script>` and no `<!--` can
 * appear, and `JSON.parse` gives the same value back.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(escapeScriptJson('{"name":"</script>"}'), '{"name":"\\u003c/script>"}');
 * ```
 */
export function escapeScriptJson(json: string): string {
  return json.replaceAll("<", "\\u003c");
}
