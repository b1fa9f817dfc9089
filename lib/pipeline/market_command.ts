/** `deno task market`: the demo market over HTTP on this machine, with faults where they are asked for. */
import { ConfigError, UsageError } from "../core/errors.ts";
import { DEMO_END_MS, DEMO_EPOCH_MS } from "../sources/demo_paths.ts";
import { FAULT_PLANS } from "../sources/market_faults_plans.ts";
import { type FaultPlan, FAULTS, readFaultPlan } from "../sources/market_faults.ts";
import { marketHandler } from "../sources/market_server.ts";
import { type ServedMarket, serveMarket } from "../sources/market_server_listen.ts";
import type { CommandIo } from "./command_io.ts";
import { EXIT } from "./exit_codes.ts";

/** The flags as they come from the command line. */
export interface MarketFlags {
  port?: string;
  seed?: string;
  now?: string;
  /** A ready-made plan, a file of one, or `list`. */
  faults?: string;
  json?: boolean;
}

const DEFAULT_PORT = "8571";
/** As long as a timer can wait: 24 days. */
const LONG_MS = 2 ** 31 - 1;

/**
 * Runs the command; gives the exit code. Once it listens it ends with the process only (Ctrl-C, code 130).
 *
 * @throws {UsageError} for flags or a plan that cannot be used.
 * @throws {ConfigError} where the port cannot be had.
 */
export async function marketCommand(flags: MarketFlags, io: CommandIo): Promise<number> {
  if (flags.faults === "list") {
    io.stdout(listFaults(flags.json ?? false));
    return EXIT.ok;
  }
  const { effects } = io;
  const port = wholeNumber("--port", flags.port ?? DEFAULT_PORT, 65_535);
  const seed = wholeNumber("--seed", flags.seed ?? "1", 0xffff_ffff);
  const plan = flags.faults === undefined ? undefined : await readPlan(flags.faults);
  const { now, sleep } = effects;
  const market = marketHandler({
    ...{ seed, now, sleep },
    ...(plan === undefined ? {} : { faults: plan }),
    onCall: ({ call, path, fault, status }) =>
      effects.log.info(
        `${call} ${path} ${status ?? "no answer"}${fault === null ? "" : ` fault ${fault}`}`,
      ),
  });
  checkTime(now());
  await using served = await listen(market, port, effects.log.warn);
  io.stdout(
    flags.json
      ? `${
        JSON.stringify({
          url: served.url,
          port: served.port,
          seed,
          now: flags.now ?? null,
          faults: plan ?? null,
        })
      }\n`
      : `COINGECKO_BASE_URL=${served.url}\n`,
  );
  effects.log.info(
    `Simulated prices of seed ${seed}${
      flags.now === undefined ? "" : `, the clock stands at ${flags.now}`
    }; ` +
      `${plan === undefined ? "no faults" : `faults: ${plan.about ?? flags.faults}`}. ` +
      "Who reads them says --lake with a lake for them: a live lake refuses them. Ctrl-C ends it.",
  );
  for (;;) await sleep(LONG_MS);
}

function wholeNumber(flag: string, text: string, most: number): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= most) return Number(text);
  throw new UsageError(`Cannot use ${flag} "${text}": it is not a whole number from 0 to ${most}`);
}

/** Refuses a time that the market does not have before anybody asks for it. */
function checkTime(now: Date): void {
  if (now.getTime() >= DEMO_EPOCH_MS && now.getTime() < DEMO_END_MS) return;
  throw new UsageError(`Cannot use --now "${now.toISOString()}": the demo market runs from 2020 to 2099`);
}

/** A ready-made plan by its name, or a file. */
async function readPlan(name: string): Promise<FaultPlan> {
  if (Object.hasOwn(FAULT_PLANS, name)) return FAULT_PLANS[name as keyof typeof FAULT_PLANS];
  const names = Object.keys(FAULT_PLANS).join(", ");
  let text: string;
  try {
    text = await Deno.readTextFile(name);
  } catch (cause) {
    throw new UsageError(
      `Cannot read --faults "${name}": it is neither a file that can be read nor one of ${names}; ` +
        "--faults list shows the kinds of faults",
      { cause },
    );
  }
  try {
    return readFaultPlan(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof SyntaxError) {
      throw new UsageError(`Cannot read --faults "${name}": it is not JSON (${cause.message})`, { cause });
    }
    if (cause instanceof TypeError) throw new UsageError(`--faults ${name}: ${cause.message}`, { cause });
    throw cause;
  }
}

async function listen(
  market: (request: Request) => Promise<Response>,
  port: number,
  warn: (message: string) => void,
): Promise<ServedMarket> {
  try {
    return await serveMarket(market, { port, onError: (error) => warn(Deno.inspect(error)) });
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code !== "EADDRINUSE" && code !== "EACCES") throw cause;
    const state = code === "EACCES" ? "this user may not use it" : "something listens there already";
    throw new ConfigError(`Cannot serve on port "${port}": ${state}, choose another one with --port`, {
      cause,
    });
  }
}

function listFaults(json: boolean): string {
  const plans = Object.entries(FAULT_PLANS).map(([plan, { about = "" }]) => ({ plan, about }));
  if (json) return `${JSON.stringify({ faults: FAULTS, plans })}\n`;
  const kinds = FAULTS.map(({ fault, says }): [string, string] => [fault, says]);
  const ready = plans.map(({ plan, about }): [string, string] => [plan, about]);
  return `Kinds of faults:\n${columns(kinds)}\nReady-made plans:\n${columns(ready)}`;
}

function columns(lines: readonly [string, string][]): string {
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, says]) => `  ${name.padEnd(width)}  ${says}\n`).join("");
}
