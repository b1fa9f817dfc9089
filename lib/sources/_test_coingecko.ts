/** What the CoinGecko tests share: fake effects, and the recorded replies where they are on this machine. */
import type { Effects } from "../core/effects.ts";

/** A request that the fake network saw. */
export interface SeenRequest {
  url: string;
  headers: Headers;
}

/** A fake network that gives the answers in turn, the last one again and again. */
export function fakeEffects(...answers: (() => Response | Promise<Response>)[]) {
  const seen: SeenRequest[] = [];
  const infos: string[] = [];
  const warnings: string[] = [];
  /** Seconds. */
  const waits: number[] = [];
  const effects: Effects = {
    fetch: async (input, init) => {
      const answer = answers[Math.min(seen.length, answers.length - 1)]!;
      seen.push({ url: String(input), headers: new Headers(init?.headers) });
      return await answer();
    },
    now: () => new Date("2026-01-02T03:04:05Z"),
    sleep: (ms) => Promise.resolve(void waits.push(ms / 1000)),
    random: () => 0.5,
    log: { info: (message) => infos.push(message), warn: (message) => warnings.push(message) },
  };
  return { effects, seen, infos, warnings, waits };
}

/** An answer with a status, a body and headers. */
export function answer(status: number, body: string, headers: Record<string, string> = {}): () => Response {
  return () => new Response(body, { status, headers });
}

const RECORDED = new URL("../../../shared/data/coingecko/", import.meta.url);

/** Registers a test over the recorded replies; without them it says so and is ignored. */
export function testRecorded(name: string, run: (folder: URL) => void | Promise<void>): void {
  const here = exists(RECORDED);
  Deno.test({
    name: here ? name : `${name} (skipped: ../shared/data is absent)`,
    ignore: !here,
    fn: () => run(RECORDED),
  });
  if (!here) console.log("skipped: ../shared/data is absent");
}

function exists(folder: URL): boolean {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch {
    return false;
  }
}
