/** `deno task backfill --exchange`: from flags to a question, and what `--dry-run` says of it. */
import { UsageError } from "../../core/errors.ts";
import { parseInstant } from "../../core/time.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { TIMEFRAMES } from "../../sources/candle_timeframe.ts";
import { openExchange } from "../../sources/exchange.ts";
import { exchangeSettings } from "../../sources/exchange_settings.ts";
import type { CommandIo } from "../command_io.ts";
import { HistoryLedger } from "./history_ledger.ts";
import { historyName, type HistoryQuestion } from "./history_question.ts";
import { pieceName } from "./pieces.ts";
import { barsIn, leastRequests, planHistory } from "./plan_history.ts";

/** Flags that name a history. */
export interface ExchangeFlags {
  exchange: string;
  symbol?: string | undefined;
  timeframe?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

const TIMEFRAME = "1d";

/**
 * The question behind the flags. Nothing is asked yet.
 *
 * @throws {UsageError} for flags that are missing or make no sense, and for an exchange that is unknown or does not
 * have such bars.
 */
export async function historyQuestion(
  { exchange, symbol, timeframe = TIMEFRAME, since, until }: ExchangeFlags,
  { effects, env }: Pick<CommandIo, "effects" | "env">,
): Promise<HistoryQuestion> {
  const now = effects.now();
  if (symbol === undefined || since === undefined) {
    const [flag, example] = symbol === undefined ? ["--symbol", "BTC/USD"] : ["--since", "2014-01-01"];
    throw new UsageError(`Cannot backfill from "${exchange}": ${flag} is missing, add ${flag} ${example}`);
  }
  const [, base, quote] = /^([A-Z0-9]{1,12})\/([A-Z0-9]{1,8})$/.exec(symbol) ?? [];
  if (base === undefined || quote === undefined) {
    throw new UsageError(
      `Cannot use --symbol "${symbol}": an exchange needs both coins, write it like BTC/USD, in capitals`,
    );
  }
  if (!Object.hasOwn(TIMEFRAMES, timeframe)) {
    throw new UsageError(
      `Cannot use --timeframe "${timeframe}": the lake has no such bars, choose among ${
        Object.keys(TIMEFRAMES).join(", ")
      }`,
    );
  }
  const since_ms = instant("--since", since);
  const until_ms = until === undefined ? Infinity : instant("--until", until);
  if (since_ms >= now.getTime()) {
    throw new UsageError(`Cannot use --since "${since}": it is not in the past, now is ${now.toISOString()}`);
  }
  if (since_ms >= until_ms) {
    throw new UsageError(
      `Cannot use --until "${until}": it is not after --since ${since}, give a later time`,
    );
  }
  const client = await openExchange(exchange, effects, exchangeSettings(env));
  if (client.timeframes.length > 0 && !client.timeframes.includes(timeframe)) {
    throw new UsageError(
      `Cannot use --timeframe "${timeframe}": ${exchange} has no such bars, choose among ${
        client.timeframes.filter((name) => Object.hasOwn(TIMEFRAMES, name)).join(", ")
      }`,
    );
  }
  return { client, symbol, lake_symbol: `${base}${quote}`, timeframe, since_ms, until_ms };
}

function instant(flag: string, text: string): number {
  try {
    return parseInstant(text).getTime();
  } catch (cause) {
    throw new UsageError(`Cannot use ${flag}: ${(cause as Error).message}`, { cause });
  }
}

/** What `backfill --exchange --dry-run --json` prints. */
export interface HistoryForecast {
  exchange: string;
  symbol: string;
  timeframe: string;
  lake: string;
  /** Pieces that would be asked for. */
  pieces: { name: string; from: string; until: string; bars: number; requests: number }[];
  /** At least: a page that comes short takes more. */
  requests: number;
  /** At the exchange's pace. */
  minutes: number;
  /** Bars that were asked for already, given or denied, and bars that the exchange does not give out any more. */
  bars_had: number;
  bars_lost: number;
}

/** What would be asked for. */
export async function forecastHistory(
  question: HistoryQuestion,
  store: ObjectStore,
): Promise<HistoryForecast> {
  const { client, lake_symbol, timeframe } = question;
  const plan = planHistory(question, (await HistoryLedger.open(store, question)).covered());
  const pieces = plan.pieces.map((piece) => ({
    name: pieceName(piece),
    from: new Date(piece.from_ms).toISOString(),
    until: new Date(piece.until_ms).toISOString(),
    bars: barsIn([piece], timeframe),
    requests: leastRequests(question, piece),
  }));
  const requests = pieces.reduce((sum, piece) => sum + piece.requests, 0);
  return {
    exchange: client.name,
    symbol: lake_symbol,
    timeframe,
    lake: store.url,
    pieces,
    requests,
    minutes: Math.round(10 * requests / client.requests_per_minute) / 10,
    bars_had: plan.had,
    bars_lost: barsIn(plan.lost, timeframe),
  };
}

/** The same for a person. */
export function forecastLines(question: HistoryQuestion, forecast: HistoryForecast): string[] {
  const { pieces, requests, minutes, bars_had, bars_lost } = forecast;
  const name = historyName(question);
  const lost = bars_lost === 0
    ? []
    : [`${bars_lost} bars are older than what ${question.client.name} gives out`];
  if (pieces.length === 0) {
    return [`would ask for nothing: ${bars_had} bars of ${name} were asked for already`, ...lost];
  }
  return [
    ...pieces.map((piece) =>
      `would ask for ${name} ${piece.name}: ${piece.bars} bars, ${piece.requests} requests at least`
    ),
    ...lost,
    `${requests} requests at least, about ${minutes} minutes at ${question.client.requests_per_minute} a minute`,
  ];
}
