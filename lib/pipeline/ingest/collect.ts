/** Asks CoinGecko for the units of a slot and settles each answer. Needs no lock: see `lake/incoming.ts`. */
import { type Effects } from "../../core/effects.ts";
import { ConfigError, SourceError } from "../../core/errors.ts";
import { compactStamp, DAY_MS, MINUTE_MS, slotStart, utcDay } from "../../core/time.ts";
import { keepFailedRequest } from "../../lake/dead_letters.ts";
import { keepIncoming } from "../../lake/incoming.ts";
import { rawMarketChartKey, rawMarketsKey, rawTickKey } from "../../lake/keys.ts";
import { claimLake, kindOfSource, type LakeKind } from "../../lake/open_lake.ts";
import { logRun, objectHash } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";
import {
  checkClock,
  type CoinGeckoClient,
  type CoinGeckoReply,
  requestTrace,
} from "../../sources/coingecko.ts";
import { settleIncoming, type UnitReport } from "./settle.ts";

/** A question to ask, if its answer is not in the lake yet. */
export interface Question {
  unit: string;
  kind: "markets" | "tick" | "market_chart";
  /** Start of the slot (or minute) that the answer stands for. */
  slot: Date;
  /** Keys any of which says that the answer is there. */
  have: string[];
  ask: (client: CoinGeckoClient, budget_s: number) => Promise<CoinGeckoReply>;
}

/** The 250 largest coins in the slot of five minutes that holds an instant. */
export function marketsQuestion(now: Date): Question {
  const slot = slotStart(now);
  return {
    unit: `markets-${compactStamp(slot)}`,
    kind: "markets",
    slot,
    have: ["coingecko", "demo"].map((source) => rawMarketsKey(source, slot)),
    ask: (client, budget_s) => client.fetchMarkets({ budget_s }),
  };
}

/** Bitcoin's price in the minute that holds an instant. */
export function tickQuestion(now: Date): Question {
  const minute = slotStart(now, MINUTE_MS);
  // A price is filed under the day of its own time, and may be a little older than the question.
  const days = new Set([minute, new Date(minute.getTime() - 10 * MINUTE_MS)].map(utcDay));
  return {
    unit: `tick-${compactStamp(minute)}`,
    kind: "tick",
    slot: minute,
    have: [...days].map((day) => rawTickKey(minute, new Date(`${day}T00:00:00Z`))),
    ask: (client, budget_s) => client.fetchCurrentPrice({ budget_s }),
  };
}

/** How long after midnight CoinGecko has the last day's price: until then we are in the day before. */
const DAY_SETTLES_MS = 35 * MINUTE_MS;

/** Bitcoin's last year, a price a day, asked once a day. */
export function marketChartQuestion(now: Date): Question {
  return chartOfDay(slotStart(new Date(now.getTime() - DAY_SETTLES_MS), DAY_MS));
}

/** The question of a kind for the slot that begins at an instant; null where the kind is unknown. */
export function questionOf(kind: string, slot: Date): Question | null {
  if (kind === "markets") return marketsQuestion(slot);
  if (kind === "tick") return tickQuestion(slot);
  return kind === "market_chart" ? chartOfDay(slot) : null;
}

function chartOfDay(slot: Date): Question {
  return {
    unit: `market_chart-bitcoin-365-${compactStamp(slot)}`,
    kind: "market_chart",
    slot,
    have: [rawMarketChartKey("bitcoin", 365, slot)],
    ask: (client, budget_s) => client.fetchMarketChart({ budget_s }),
  };
}

/** What the units of one run share. */
export interface Collection {
  store: ObjectStore;
  client: CoinGeckoClient;
  effects: Effects;
  run_id: string;
  command: string;
  /** Seconds for a question with its retries and waits. */
  budget_s: number;
  /** What a new lake may become; left out, what its first answer is. */
  only?: LakeKind | undefined;
}

/**
 * Asks one question, unless its answer is in the lake, and settles the answer. A question that fails for good
 * becomes a dead letter.
 *
 * @throws {ConfigError} for a refused key and a wrong clock, with the dead letter there by then; and where the answer is
 * real and the lake a demo lake, or the other way round: then nothing is kept.
 */
export async function collect(question: Question, collection: Collection): Promise<UnitReport> {
  const { store, client, effects, run_id, command, budget_s, only } = collection;
  const { unit, kind, slot } = question;
  const there = await isThere(store, question);
  if (there) return skipped(unit, there);
  const started_at = effects.now().toISOString();
  let reply: CoinGeckoReply | null = null;
  try {
    reply = await question.ask(client, budget_s);
    checkClock(reply, effects.now());
  } catch (error) {
    if (!(error instanceof SourceError || error instanceof ConfigError)) throw error;
    const last = reply ? { url: reply.url, attempts: reply.attempts, reply } : requestTrace(error);
    const requests = last?.attempts ?? 0;
    const meanwhile = await isThere(store, question);
    if (meanwhile) return skipped(unit, meanwhile, requests);
    if (last?.reply) await claimLake(store, kindOfSource(last.reply.source), { only });
    else if (only) await claimLake(store, only);
    await keepFailedRequest(store, {
      step: "ingest",
      unit,
      kind,
      slot: slot.toISOString(),
      reason: error instanceof ConfigError ? "refused" : last?.reply ? "unusable_answer" : "no_answer",
      detail: error.message,
      attempts: requests,
      request: last?.url ?? null,
      status: last?.reply?.status ?? null,
      source: last?.reply?.source ?? "coingecko",
    }, last?.reply?.body ?? null);
    await logRun(store, {
      run_id,
      command,
      step: "ingest",
      unit,
      status: "failed",
      started_at,
      ended_at: effects.now().toISOString(),
      requests,
      rows_in: null,
      rows_out: null,
      detail: error.message,
      inputs: last?.reply ? [objectHash(last.url, last.reply.body)] : [],
      outputs: [],
    });
    if (error instanceof ConfigError) throw error;
    effects.log.warn(error.message);
    return { unit, status: "failed", rows_in: null, rows_out: null, requests, detail: error.message };
  }
  await claimLake(store, kindOfSource(reply.source), { only });
  const incoming = await keepIncoming(store, {
    unit,
    kind,
    slot: slot.toISOString(),
    source: reply.source,
    url: reply.url,
    status: reply.status,
    fetched_at: reply.fetched_at.toISOString(),
    requests: reply.attempts,
    run_id,
    command,
  }, reply.body);
  return await settleIncoming(store, incoming, effects);
}

/** The key that says that a question is answered, if one does. */
export async function isThere(store: ObjectStore, { have }: Pick<Question, "have">): Promise<string | null> {
  for (const key of have) if (await store.head(key)) return key;
  return null;
}

function skipped(unit: string, key: string, requests = 0): UnitReport {
  const detail = `${key} is in the lake already`;
  return { unit, status: "skipped", rows_in: null, rows_out: null, requests, detail };
}
