/**
 * ZMTP 3.0, the wire protocol of ZeroMQ, as far as a Jupyter front end needs it: connecting DEALER and SUB
 * sockets over TCP without security (https://rfc.zeromq.org/spec/23/). The native binding loses wake-ups and
 * crashes under Deno 2.9; over `Deno.connect` a socket is a resource that the test sanitizers can see, and no
 * native code has to be trusted.
 */

import { LakebookError } from "../../core/errors.ts";

const MORE = 1, LONG = 2, COMMAND = 4;
const GREETING_BYTES = 64;
/** A listener that is no kernel may never answer. */
const HANDSHAKE_MS = 5000;
/** A bigger frame is taken for a broken stream rather than for an output. */
const MAX_FRAME_BYTES = 1 << 30;
const latin1 = new TextEncoder();

/** A connected ZeroMQ socket: DEALER talks to a kernel's ROUTER, SUB hears everything from its PUB. */
export class ZmtpSocket implements Disposable {
  readonly #tcp: Deno.TcpConn;
  /** Bytes read ahead of the frame that is being taken. */
  #ahead = new Uint8Array(0);
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(tcp: Deno.TcpConn) {
    this.#tcp = tcp;
  }

  /**
   * Connects to a port of this machine and shakes hands; a SUB socket subscribes to everything.
   *
   * @throws {Deno.errors.ConnectionRefused} when nobody listens yet
   * @throws {LakebookError} when the peer does not speak ZMTP 3
   */
  static async connect(type: "DEALER" | "SUB", port: number): Promise<ZmtpSocket> {
    const socket = new ZmtpSocket(await Deno.connect({ hostname: "127.0.0.1", port }));
    const timer = setTimeout(() => socket.close(), HANDSHAKE_MS);
    try {
      socket.#tcp.setNoDelay(true);
      await socket.#handshake(type, port);
      if (type === "SUB") await socket.send([Uint8Array.of(1)]);
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends one message of one or more frames. Calls may overlap; messages leave whole and in call order. */
  send(frames: readonly Uint8Array[]): Promise<void> {
    const bytes = concat(
      frames.map((body, index) => encodeFrame(body, index < frames.length - 1 ? MORE : 0)),
    );
    const sent = this.#sending.then(() => this.#write(bytes));
    this.#sending = sent.catch(() => {});
    return sent;
  }

  /** Messages as they come, until either side closes. */
  async *messages(): AsyncGenerator<Uint8Array[]> {
    let frames: Uint8Array[] = [];
    for (;;) {
      let frame: { flags: number; body: Uint8Array } | undefined;
      try {
        frame = await this.#readFrame();
      } catch (error) {
        if (this.#closed || error instanceof Deno.errors.ConnectionReset) return;
        throw error;
      }
      if (!frame) return;
      if (frame.flags & COMMAND) continue;
      frames.push(frame.body);
      if (frame.flags & MORE) continue;
      yield frames;
      frames = [];
    }
  }

  /** Closes the connection; a second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tcp.close();
  }

  /** Same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #handshake(type: string, port: number): Promise<void> {
    const greeting = new Uint8Array(GREETING_BYTES);
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting.set(latin1.encode("NULL"), 12);
    await this.#write(greeting);
    const theirs = await this.#take(GREETING_BYTES);
    if (!theirs || theirs[0] !== 0xff || theirs[9] !== 0x7f || theirs[10]! < 3) {
      throw new LakebookError(
        `Cannot talk to port ${port}: it does not answer with ZMTP 3, check that a Jupyter kernel listens there`,
      );
    }
    const ready = concat([
      property("READY", null),
      property("Socket-Type", latin1.encode(type)),
      property("Identity", new Uint8Array(0)),
    ]);
    await this.#write(encodeFrame(ready, COMMAND));
    const reply = await this.#readFrame();
    if (!reply || !(reply.flags & COMMAND)) {
      throw new LakebookError(`Cannot talk to port ${port}: the peer refused the handshake, start it again`);
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#tcp.write(bytes.subarray(at));
  }

  async #readFrame(): Promise<{ flags: number; body: Uint8Array } | undefined> {
    const flags = (await this.#take(1))?.[0];
    if (flags === undefined) return undefined;
    const sizeBytes = await this.#take(flags & LONG ? 8 : 1);
    if (!sizeBytes) return undefined;
    const size = flags & LONG ? Number(new DataView(sizeBytes.buffer).getBigUint64(0)) : sizeBytes[0]!;
    if (size > MAX_FRAME_BYTES) {
      throw new LakebookError(`Cannot read a message: its frame claims ${size} bytes, restart the kernel`);
    }
    const body = await this.#take(size);
    return body && { flags, body };
  }

  /** Exactly `size` bytes, or undefined where the stream ends before. */
  async #take(size: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const taken = new Uint8Array(size);
    let filled = 0;
    for (;;) {
      const part = this.#ahead.subarray(0, size - filled);
      taken.set(part, filled);
      filled += part.length;
      this.#ahead = this.#ahead.subarray(part.length);
      if (filled === size) return taken;
      const buffer = new Uint8Array(65_536);
      const count = await this.#tcp.read(buffer);
      if (count === null) return undefined;
      this.#ahead = buffer.subarray(0, count);
    }
  }
}

function encodeFrame(body: Uint8Array, flags: number): Uint8Array {
  if (body.length < 256) return concat([Uint8Array.of(flags, body.length), body]);
  const head = new Uint8Array(9);
  head[0] = flags | LONG;
  new DataView(head.buffer).setBigUint64(1, BigInt(body.length));
  return concat([head, body]);
}

/** A name with its length, and a value with its length in four bytes where there is one. */
function property(name: string, value: Uint8Array | null): Uint8Array {
  const head = concat([Uint8Array.of(name.length), latin1.encode(name)]);
  if (!value) return head;
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, value.length);
  return concat([head, length, value]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
