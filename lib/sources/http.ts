/** What every client of an HTTP API needs: bodies with an upper limit, waits that were asked for, refused hosts. */
import { SourceError } from "../core/errors.ts";

/** The largest body that is read: a page of 250 coins has a quarter of a megabyte. */
const MOST_BYTES = 64 << 20;

/** @throws {SourceError} for a body that never ends, or a small one that unpacks to a large one. */
export async function readBody(
  response: Response,
  { url, advice }: { url: string; advice: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    chunks.push(chunk);
    if (size > MOST_BYTES) {
      throw new SourceError(
        `Cannot fetch "${url}": the answer has more than ${MOST_BYTES >> 20} MiB, ${advice}`,
      );
    }
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/**
 * Seconds that the other side asks us to wait, a date judged by its own clock; null where it asks for nothing sane.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const now = new Date("2026-01-02T03:04:05Z");
 * assertEquals(retryAfter(new Headers({ "retry-after": "7" }), now), 7);
 * assertEquals(retryAfter(new Headers({ "retry-after": "Fri, 02 Jan 2026 03:04:15 GMT" }), now), 10);
 * assertEquals(retryAfter(new Headers({ "retry-after": "soon" }), now), null);
 * ```
 */
export function retryAfter(headers: Headers, now: Date): number | null {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const date = Date.parse(headers.get("date") ?? "");
  const wait_s = (Date.parse(text) - (Number.isNaN(date) ? now.getTime() : date)) / 1000;
  return text === "" || Number.isNaN(wait_s) || wait_s < 0 ? null : wait_s;
}

/** Whether Deno refused something for lack of a permission. */
export function isPermissionError(error: unknown): error is Error {
  return error instanceof Error && error.name === "NotCapable";
}
