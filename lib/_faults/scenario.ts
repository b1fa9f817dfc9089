/** One command line on a lake, with the network's answers and the disk's faults: in this process or in one to kill. */
import type { DiskFault } from "../lake/_test_faulty_disk.ts";
import { diskFull, FaultyDisk, killMyself, type Moment } from "../lake/_test_faulty_disk.ts";
import { main } from "../pipeline/cli.ts";
import { TestExchange } from "../sources/_test_exchange_server.ts";
import { demoMarket } from "../sources/demo_market.ts";

/** What the network says in a scenario. */
export type Answer = "good" | "rejects" | "garbage" | "down";

/** A command line. `{lake}` stands for the lake's folder. */
export interface Act {
  args: readonly string[];
  answer: Answer;
}

/** A lake to start from, and the act that is to be disturbed. */
export interface Scenario {
  name: string;
  before: readonly Act[];
  act: Act;
}

/** What a command line gave. */
export interface Outcome {
  code: number;
  said: string;
  /** What was done to the disk, in order. */
  acts: readonly string[];
}

/** A fault that can be told to another process. */
export interface PlainFault {
  at: number;
  moment: Moment;
  only?: DiskFault["only"];
  kind: "kill" | "crash" | "full";
}

/** Runs an act on a lake. */
export async function perform(act: Act, lake: string, fault: PlainFault | null = null): Promise<Outcome> {
  let dead = false;
  const strikes = {
    kill: killMyself,
    full: diskFull,
    crash() {
      dead = true;
      throw new Crashed();
    },
  };
  const disk = new FaultyDisk(
    fault && { at: fault.at, moment: fault.moment, ...only(fault), strike: strikes[fault.kind] },
    { dead: () => dead },
  );
  let said = "";
  const code = await main(act.args.map((arg) => arg.replace("{lake}", lake)), {
    env: {},
    fetch: (input, init) => answerOf(act.answer, new Request(input, init)),
    stdout: (text) => void (said += text),
    stderr: (text) => void (said += text),
    sleep: () => Promise.resolve(),
    terminal: false,
    disk,
  });
  return { code, said, acts: disk.acts };
}

function only({ only }: PlainFault): { only?: NonNullable<DiskFault["only"]> } {
  return only === undefined ? {} : { only };
}

/** What a simulated crash throws, at its act and at every later one. */
export class Crashed extends Error {
  constructor() {
    super("the process is dead");
  }
}

const PAGE_AT = new Date("2024-02-29T23:57:00Z");
let page: string | undefined;

/** The demo market's page of one instant. */
function marketPage(): string {
  return page ??= demoMarket({ seed: 1 }).marketsJson(PAGE_AT);
}

const exchange = new TestExchange({ now: PAGE_AT });

function answerOf(answer: Answer, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (answer === "down") return Promise.reject(new TypeError("connection refused"));
  if (pathname.startsWith("/api/v2/ohlc/")) return exchange.handler(request);
  if (answer === "garbage") return Promise.resolve(new Response("<html>Throttled</html>"));
  return Promise.resolve(new Response(goodBody(pathname, answer)));
}

function goodBody(pathname: string, answer: Answer): string {
  if (pathname.endsWith("/simple/price")) {
    return JSON.stringify({ bitcoin: { usd: 62000.5, last_updated_at: PAGE_AT.getTime() / 1000 + 61 } });
  }
  if (pathname.endsWith("/market_chart")) {
    const days = Array.from({ length: 365 }, (_, i) => PAGE_AT.getTime() - (365 - i) * 86_400_000);
    return JSON.stringify({ prices: days.map((time, i) => [time, 40_000 + i]) });
  }
  if (answer === "good") return marketPage();
  const coins = JSON.parse(marketPage());
  coins[3].id = null;
  coins[7].market_cap = "much";
  return JSON.stringify(coins);
}

/** Each object of a lake's data with its bytes; ledger, reports, lock and scratch are about runs, not data. */
export function lakeObjects(lake: string): Map<string, Uint8Array> {
  const objects = new Map<string, Uint8Array>();
  const walk = (folder: string) => {
    for (const entry of Deno.readDirSync(`${lake}/${folder}`)) {
      const key = `${folder}${entry.name}`;
      if (["_ledger", "_tmp", "_lock", "quality_reports"].includes(key)) continue;
      if (entry.isDirectory) walk(`${key}/`);
      else objects.set(key, Deno.readFileSync(`${lake}/${key}`));
    }
  };
  walk("");
  return new Map([...objects].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Copies a lake. */
export async function copyLake(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copyLake(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}

if (import.meta.main) {
  const [act, lake, fault] = Deno.args.map((arg) => JSON.parse(arg));
  const { code, said } = await perform(act, lake, fault);
  console.log(said);
  Deno.exit(code);
}
