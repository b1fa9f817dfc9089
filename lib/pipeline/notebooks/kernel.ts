/** A running Deno kernel: started, spoken to and stopped as a Jupyter front end does it. */

import { LakebookError } from "../../core/errors.ts";
import { type Connection, connectionFile, freePorts } from "./connection.ts";
import { decodeMessage, encodeMessage, type KernelMessage } from "./messages.ts";
import { ERROR_CONTENT, OutputCollector } from "./outputs.ts";
import { KernelProcess } from "./kernel_process.ts";
import { ZmtpSocket } from "./zmtp.ts";

/** The kernel's process ended while somebody waited for it. */
export class KernelDiedError extends LakebookError {
  override name = "KernelDiedError";
}

/** A cell did not end in its time; the kernel is killed and of no more use. */
export class KernelTimeoutError extends LakebookError {
  override name = "KernelTimeoutError";
}

/** What an execution came to. Outputs are in the collector. */
export interface ExecuteResult {
  status: "ok" | "error";
  execution_count: number | null;
  /** Set where status is `error`. */
  error?: { ename: string; evalue: string; traceback: string[] };
}

/** Options of {@linkcode Kernel.execute}. */
export interface ExecuteOptions {
  /** Where outputs go. */
  outputs?: OutputCollector;
  /** How long the code may run. Default two minutes. */
  timeoutMs?: number;
}

/** Options of {@linkcode Kernel.start}. */
export interface KernelOptions {
  /** The kernel's working folder; imports are resolved from here. */
  cwd: string;
  /** How long the kernel may take until it answers. Default 30 s. */
  startTimeoutMs?: number;
  /** Proposes ports; a test makes it propose taken ones. */
  ports?: () => number[];
  /** Where the connection file lies while the kernel starts. Default: the system's temporary folder. */
  connectionFolder?: string | undefined;
}

interface Request {
  reply?: Record<string, unknown>;
  idle: boolean;
  resolve(reply: Record<string, unknown>): void;
  reject(error: unknown): void;
}

const START_ATTEMPTS = 5;
const SHUTDOWN_MS = 2000;
/** Every kernel that has not been disposed of, for {@linkcode killKernels}. */
const live = new Set<Kernel>();

/** Kills every kernel of this process at once: for signal handlers, where nothing can be awaited. */
export function killKernels(): void {
  for (const kernel of live) kernel.kill();
}

/**
 * A Deno kernel in a process of its own. Dispose of it: that asks it to shut down, kills it after 2 s, closes
 * the sockets and removes the connection file.
 *
 * ```ts ignore
 * await using kernel = await Kernel.start({ cwd: "notebooks" });
 * const outputs = new OutputCollector();
 * await kernel.execute("1 + 1", { outputs });
 * ```
 */
export class Kernel implements AsyncDisposable {
  readonly #process: KernelProcess;
  readonly #key: string;
  readonly #session = crypto.randomUUID();
  readonly #sockets: ZmtpSocket[] = [];
  readonly #pumps: Promise<void>[] = [];
  readonly #requests = new Map<string, Request>();
  readonly #listeners = new Map<string, (message: KernelMessage) => void>();
  #iopubHeard = false;
  readonly #failure = Promise.withResolvers<never>();
  #broken: unknown;

  private constructor(process: KernelProcess, key: string) {
    this.#process = process;
    this.#key = key;
    this.#failure.promise.catch(() => {});
    live.add(this);
    this.#pumps.push(process.ended.then((why) => this.#fail(new KernelDiedError(why))));
  }

  /**
   * Starts a kernel and waits until it answers and its outputs are heard. Ports are free when they are chosen;
   * where another process is faster the kernel cannot bind and is started again with other ports.
   *
   * @throws {KernelDiedError} when the kernel ends at once, with what it wrote
   * @throws {KernelTimeoutError} when it does not answer in time
   */
  static async start(
    { cwd, startTimeoutMs = 30_000, ports = freePorts, connectionFolder }: KernelOptions,
  ): Promise<Kernel> {
    for (let attempt = 1;; attempt++) {
      const connection = await connectionFile(ports(), connectionFolder);
      try {
        return await Kernel.#startOnce(cwd, connection, startTimeoutMs);
      } catch (error) {
        const portTaken = error instanceof KernelDiedError && /in use|AddrInUse/i.test(error.message);
        if (!portTaken || attempt === START_ATTEMPTS) throw error;
      } finally {
        await Deno.remove(connection.path);
      }
    }
  }

  static async #startOnce(cwd: string, { path, key, ports }: Connection, timeoutMs: number): Promise<Kernel> {
    const kernel = new Kernel(new KernelProcess(cwd, path), key);
    const connected = kernel.#connect(ports);
    try {
      await kernel.#within(timeoutMs, "start a Deno kernel", connected);
      return kernel;
    } catch (error) {
      await kernel[Symbol.asyncDispose]();
      await connected.catch(() => {});
      throw error;
    }
  }

  /**
   * Executes code and waits until its last output has arrived. Execution stops, with the kernel, at
   * `timeoutMs`.
   *
   * @throws {KernelTimeoutError} when the time is over
   * @throws {KernelDiedError} when the kernel's process ends meanwhile, for example by `Deno.exit()`
   */
  async execute(
    code: string,
    { outputs = new OutputCollector(), timeoutMs = 120_000 }: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const id = crypto.randomUUID();
    this.#listeners.set(id, (message) => outputs.add(message));
    try {
      return await this.#within(timeoutMs, "execute a cell", this.#executeAndFlush(id, code, outputs));
    } finally {
      this.#listeners.delete(id);
    }
  }

  /** Kills the process, without waiting. Whoever waits for the kernel gets a {@linkcode KernelDiedError}. */
  kill(): void {
    this.#process.kill();
  }

  /** Shuts the kernel down and lets go of everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    live.delete(this);
    if (this.#broken === undefined && this.#sockets.length === 3) {
      this.#send(2, "shutdown_request", crypto.randomUUID(), { restart: false }).catch(() => {});
      await this.#process.endsWithin(SHUTDOWN_MS);
    }
    await this.#process.dispose();
    for (const socket of this.#sockets) socket.close();
    await Promise.all(this.#pumps);
  }

  async #executeAndFlush(id: string, code: string, outputs: OutputCollector): Promise<ExecuteResult> {
    const reply = await this.#request("execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    }, id);
    await this.#flush(outputs);
    const count = reply["execution_count"];
    const execution_count = typeof count === "number" ? count : null;
    if (reply["status"] === "ok") return { status: "ok", execution_count };
    return { status: "error", execution_count, error: ERROR_CONTENT.parse(reply) };
  }

  /**
   * Waits until the outputs of a cell have arrived. The kernel says "idle" while some may still wait in its queues
   * (seen in 23 of 150 runs), so it is made to print a mark to each stream: what comes before the marks is the cell's,
   * although the kernel may give it to this request.
   */
  async #flush(outputs: OutputCollector): Promise<void> {
    const id = crypto.randomUUID(), mark = `${id}\n`;
    const marks = Promise.withResolvers<void>();
    const waiting = new Set(["stdout", "stderr"]);
    this.#listeners.set(id, (message) => {
      const { name, text } = message.content;
      if (message.msg_type !== "stream" || typeof text !== "string" || !text.includes(mark)) {
        outputs.add(message);
        return;
      }
      if (text !== mark) outputs.add({ ...message, content: { name, text: text.replace(mark, "") } });
      waiting.delete(String(name));
      if (waiting.size === 0) marks.resolve();
    });
    try {
      const { status } = await this.#request("execute_request", {
        // Not by `console`, which a cell may have changed.
        code: `for (const e of [false, true]) Deno[Deno.internal].core.print("${id}\\n", e)`,
        silent: true,
        store_history: false,
        user_expressions: {},
        allow_stdin: false,
        stop_on_error: false,
      }, id);
      // It fails where a cell has another `Deno`: then there are no marks to wait for.
      if (status === "ok") await Promise.race([marks.promise, this.#failure.promise]);
    } finally {
      this.#listeners.delete(id);
    }
  }

  async #connect([shell, iopub, control]: number[]): Promise<void> {
    for (const [type, port] of [["DEALER", shell!], ["SUB", iopub!], ["DEALER", control!]] as const) {
      await this.#open(type, port);
    }
    // A subscription takes effect a moment after it was sent: only an echo on iopub proves it.
    while (!this.#iopubHeard) {
      await this.#request("kernel_info_request", {}, crypto.randomUUID(), false);
      await pause(20);
    }
  }

  async #open(type: "DEALER" | "SUB", port: number): Promise<void> {
    while (this.#broken === undefined) {
      try {
        const socket = await ZmtpSocket.connect(type, port);
        this.#sockets.push(socket);
        this.#pumps.push(this.#pump(socket).catch((error) => this.#fail(error)));
        return;
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await pause(20);
      }
    }
    throw this.#broken;
  }

  async #pump(socket: ZmtpSocket): Promise<void> {
    for await (const frames of socket.messages()) this.#receive(decodeMessage(frames, this.#key));
  }

  #receive(message: KernelMessage): void {
    const { parent_id = "", msg_type, content } = message;
    const request = this.#requests.get(parent_id);
    if (msg_type.endsWith("_reply")) {
      if (request) request.reply = content;
    } else {
      this.#iopubHeard = true;
      if (request && msg_type === "status" && content["execution_state"] === "idle") request.idle = true;
      this.#listeners.get(parent_id)?.(message);
    }
    if (request?.idle && request.reply) request.resolve(request.reply);
  }

  async #request(
    type: string,
    content: Record<string, unknown>,
    id: string = crypto.randomUUID(),
    awaitIdle = true,
  ): Promise<Record<string, unknown>> {
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    this.#requests.set(id, { idle: !awaitIdle, resolve, reject });
    try {
      await this.#send(0, type, id, content);
      return await Promise.race([promise, this.#failure.promise]);
    } finally {
      this.#requests.delete(id);
    }
  }

  #send(socket: 0 | 2, msg_type: string, msg_id: string, content: Record<string, unknown>): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return this.#sockets[socket]!.send(
      encodeMessage({ msg_id, msg_type, content }, this.#key, this.#session),
    );
  }

  /** Waits for `work`, for the end of the kernel or for the time to run out, whichever is first. */
  async #within<T>(timeoutMs: number, what: string, work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#fail(
        new KernelTimeoutError(
          `Cannot ${what}: it has not ended after ${timeoutMs / 1000} s, make it shorter or allow more time`,
        ),
      );
      this.kill();
    }, timeoutMs);
    try {
      return await Promise.race([work, this.#failure.promise]);
    } catch (error) {
      // A write to a dying process may fail before its end is known: the end is the better message.
      if (error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset) {
        return await this.#failure.promise;
      }
      throw error;
    } finally {
      clearTimeout(timer);
      work.catch(() => {});
    }
  }

  #fail(error: unknown): void {
    this.#broken ??= error;
    this.#failure.reject(this.#broken);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
