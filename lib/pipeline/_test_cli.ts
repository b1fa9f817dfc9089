/** For tests: a command line in this process, on folders of its own, without a network. */
import { main } from "./cli.ts";
import type { ProcessIo } from "./command_io.ts";

/** What a command line gave. */
export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder with a lake, a registry and input files, gone at the end. */
export class Workplace implements AsyncDisposable {
  readonly folder: string;
  /** The network; a test may exchange it. */
  fetch: typeof fetch;
  #io: Partial<ProcessIo>;

  private constructor(folder: string, fetch: typeof globalThis.fetch, io: Partial<ProcessIo>) {
    this.folder = folder;
    this.fetch = fetch;
    this.#io = io;
  }

  static async make(
    fetch: typeof globalThis.fetch = offline,
    io: Partial<ProcessIo> = {},
  ): Promise<Workplace> {
    return new Workplace(await Deno.makeTempDir({ prefix: "lakebook-" }), fetch, io);
  }

  get lake(): string {
    return `${this.folder}/lake`;
  }

  /** Writes an input file. */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    const path = `${this.folder}/${name}`;
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return path;
  }

  /** Runs a command line as a person would type it. */
  async run(args: string[], env: Record<string, string> = {}): Promise<CliResult> {
    const result = { code: 0, stdout: "", stderr: "" };
    result.code = await main(args, {
      env,
      fetch: this.fetch,
      stdout: (text) => void (result.stdout += text),
      stderr: (text) => void (result.stderr += text),
      terminal: false,
      sleep: () => Promise.resolve(),
      ...this.#io,
    });
    return result;
  }

  /** `pipeline` on this workplace's lake, with the summary that `--json` prints. */
  async pipeline(...args: string[]) {
    const result = await this.run([
      "pipeline",
      "--lake",
      this.lake,
      "--models",
      `${this.folder}/models`,
      "--json",
      ...args,
    ]);
    const summary = result.stdout === "" ? null : JSON.parse(result.stdout);
    return { ...result, summary };
  }

  /** Rows of a query. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    const { code, stdout, stderr } = await this.run(["query", sql, "--lake", this.lake, "--format", "json"]);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  }

  /** Every object of the lake's data with its bytes in hexadecimal; ledger and dashboard are about runs, not data. */
  async objects(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    const walk = async (folder: string) => {
      for await (const entry of Deno.readDir(folder)) {
        const path = `${folder}/${entry.name}`;
        if (entry.isDirectory) await walk(path);
        else found[path.slice(this.lake.length + 1)] = (await Deno.readFile(path)).toHex();
      }
    };
    for (const layer of ["raw", "processed", "analytics", "quality_reports", "dead_letters"]) {
      await walk(`${this.lake}/${layer}`).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

function offline(): Promise<Response> {
  return Promise.reject(new TypeError("error sending request: no network in tests"));
}

/** Candle lines on a slow random walk: `minutes` bars from `from`, with header. */
export function candleCsv(from: number, minutes: number, step = 60_000): string {
  const lines = ["time,open,close,high,low,volume"];
  let price = 10_000, state = 7;
  for (let i = 0; i < minutes; i++) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const close = Math.round((price + (state / 2_147_483_648 - 0.5) * 20) * 100) / 100;
    const [low, high] = [Math.min(price, close) - 1, Math.max(price, close) + 1];
    lines.push(
      `${from + i * step},${price},${close},${high.toFixed(2)},${low.toFixed(2)},${(state % 97) / 10}`,
    );
    price = close;
  }
  return `${lines.join("\n")}\n`;
}
