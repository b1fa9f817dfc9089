/**
 * Puts the market behind a socket. Node's server is used because it gives away the connection: `Deno.serve` always
 * sends the head of an answer before its body can fail, and could not cut a connection before the first byte.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ConnectionCut } from "./market_faults_wire.ts";

/** A market that listens. */
export interface ServedMarket extends AsyncDisposable {
  /** What `COINGECKO_BASE_URL` is to be: address and `/api/v3`. */
  url: string;
  port: number;
  /** Cuts what is open and stops listening. */
  stop(): Promise<void>;
}

type Handler = (request: Request) => Promise<Response>;

/**
 * Serves a handler over HTTP/1.1. Where the handler, or the body that it gave, fails with a `ConnectionCut`, the
 * connection is reset (TCP RST), as a broken network would do it. Another failure is a status 500, or a reset where an
 * answer was under way, and goes to `onError`.
 *
 * @param options.port 0 for one that is free.
 * @throws {Error} with `code` `EADDRINUSE` or `EACCES` where the port cannot be had, and Deno's `NotCapable` without
 * the permission.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * await using served = await serveMarket(() => Promise.resolve(Response.json({ gecko_says: "hello" })));
 * assertEquals(await (await fetch(`${served.url}/ping`)).json(), { gecko_says: "hello" });
 * ```
 */
export async function serveMarket(
  handler: Handler,
  { port = 0, hostname = "127.0.0.1", onError = () => {} }: {
    port?: number;
    hostname?: string;
    onError?: (error: unknown) => void;
  } = {},
): Promise<ServedMarket> {
  const open = new Set<Promise<void>>();
  const server = createServer((incoming, outgoing) => {
    const done = answer(handler, { incoming, outgoing, onError }).finally(() => open.delete(done));
    open.add(done);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, hostname, resolve);
  await promise;
  const { port: given } = server.address() as AddressInfo;
  const stop = async () => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    await closed.promise;
    await Promise.all(open);
  };
  return { url: `http://${hostname}:${given}/api/v3`, port: given, stop, [Symbol.asyncDispose]: stop };
}

interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  onError: (error: unknown) => void;
}

/** Answers one request; never fails. */
async function answer(handler: Handler, { incoming, outgoing, onError }: Exchange): Promise<void> {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort(new DOMException("the caller hung up", "AbortError")));
  outgoing.on("error", () => {});
  incoming.resume();
  try {
    const response = await handler(requestOf(incoming, gone.signal));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.flushHeaders();
    if (response.body !== null) await send(response.body, outgoing, gone.signal);
    outgoing.end();
  } catch (error) {
    const meant = error instanceof ConnectionCut || gone.signal.aborted;
    if (!meant) onError(error);
    if (meant || outgoing.headersSent) (incoming.socket as Socket).resetAndDestroy();
    else outgoing.writeHead(500, { "content-type": "application/json" }).end(BROKEN);
  }
}

const BROKEN = '{"status":500,"error":"Internal Server Error"}';

/** Sends a body piece by piece; fails when the body does, or when the caller is gone. */
async function send(body: ReadableStream<Uint8Array>, outgoing: ServerResponse, gone: AbortSignal) {
  const reader = body.getReader();
  const leave = () => void reader.cancel(gone.reason).catch(() => {});
  gone.addEventListener("abort", leave, { once: true });
  for (;;) {
    const { done, value } = await reader.read();
    gone.throwIfAborted();
    if (done) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    gone.addEventListener("abort", () => reject(gone.reason), { once: true });
    outgoing.write(value, (error) => error ? reject(error) : resolve());
    await promise;
  }
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = "GET", url = "/", rawHeaders } = incoming;
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  return new Request(new URL(url.startsWith("/") ? `http://localhost${url}` : url), {
    method,
    headers,
    signal,
  });
}
