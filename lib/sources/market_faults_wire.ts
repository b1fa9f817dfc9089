/** Faults of the connection: cut, slow or silent. Over a plain handler they are rejections and body streams. */
import type { Effects } from "../core/effects.ts";
import { SECOND_MS } from "../core/time.ts";

/** The connection was cut on purpose. `fetch` would throw a `TypeError` for it, so this is one. */
export class ConnectionCut extends TypeError {
  override name = "ConnectionCut";

  constructor() {
    super("error sending request: the demo market cut the connection, as its fault plan says");
  }
}

/** A body that ends in an error after its first bytes. */
export function cutBody(bytes: Uint8Array<ArrayBuffer>, at: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const kept = bytes.subarray(0, Math.min(bytes.length - 1, Math.floor(bytes.length * at)));
  let sent = kept.length === 0;
  return new ReadableStream({
    pull(controller) {
      if (sent) return controller.error(new ConnectionCut());
      sent = true;
      controller.enqueue(kept);
    },
  }, { highWaterMark: 0 });
}

/** Pieces a second of a slow body. */
const PIECES = 10;

/** A body that comes a piece every tenth of a second. */
export function slowBody(
  bytes: Uint8Array<ArrayBuffer>,
  bytes_per_s: number,
  sleep: Effects["sleep"],
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const piece = Math.max(1, Math.round(bytes_per_s / PIECES));
  const stop = new AbortController();
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      if (at >= bytes.length) return controller.close();
      const next = bytes.subarray(at, at + piece);
      await sleep(SECOND_MS * next.length / bytes_per_s, stop.signal);
      at += next.length;
      controller.enqueue(next);
    },
    cancel(reason) {
      stop.abort(reason);
    },
  }, { highWaterMark: 0 });
}

/** Waits, then fails: no answer ever comes. */
export async function silence(for_s: number, sleep: Effects["sleep"], signal: AbortSignal): Promise<never> {
  await sleep(SECOND_MS * for_s, signal);
  throw new ConnectionCut();
}
