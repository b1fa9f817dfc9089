/** The operating system's side of a kernel: its process and what that writes. */

/** How much of the process's own output is kept for a message. */
const TAIL_CHARS = 8000;
/** How long to wait for the pipes after the end: a grandchild may hold them open for ever. */
const PIPE_GRACE_MS = 200;

/** A `deno jupyter` process. */
export class KernelProcess {
  /** Resolves, with a message for people, when the process has ended. */
  readonly ended: Promise<string>;
  readonly #child: Deno.ChildProcess;
  readonly #readers: ReadableStreamDefaultReader<string>[];
  readonly #drained: Promise<void[]>;
  #tail = "";
  #running = true;

  constructor(cwd: string, connectionPath: string) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["jupyter", "--kernel", "--conn", connectionPath],
      cwd,
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#readers = [this.#child.stdout, this.#child.stderr].map((stream) =>
      stream.pipeThrough(new TextDecoderStream()).getReader()
    );
    this.#drained = Promise.all(this.#readers.map((reader) => this.#keepTail(reader)));
    this.ended = this.#child.status.then(async ({ code, signal }) => {
      this.#running = false;
      await this.#drain();
      const wrote = this.#tail.replace(/^Warning "deno jupyter" is unstable.*\n/m, "").trim();
      const how = signal ? `was ended by ${signal}` : `has ended with exit code ${code}`;
      return `Cannot reach the Deno kernel: it ${how}, ${
        wrote ? `it wrote:\n${wrote}` : "look for Deno.exit() in the cell"
      }`;
    });
  }

  /** Sends SIGKILL, without waiting. */
  kill(): void {
    if (!this.#running) return;
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // The process may have ended a moment ago.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Waits at most `ms` for the end. */
  async endsWithin(ms: number): Promise<void> {
    await waitAtMost(ms, this.#child.status);
  }

  /** Kills the process where it still runs, and waits for its end. */
  async dispose(): Promise<void> {
    this.kill();
    await this.ended;
  }

  async #drain(): Promise<void> {
    await waitAtMost(PIPE_GRACE_MS, this.#drained);
    await Promise.all(this.#readers.map((reader) => reader.cancel().catch(() => {})));
    await this.#drained;
  }

  async #keepTail(reader: ReadableStreamDefaultReader<string>): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#tail = (this.#tail + value).slice(-TAIL_CHARS);
    }
  }
}

async function waitAtMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
