/** What goes wrong with Athena, in words that say what to do and where in the statement. */
import { LakebookError, SourceError, SqlError } from "../core/errors.ts";
import {
  credentialState,
  describeThrown,
  failures,
  isBroken,
  isBusy,
  lacksRegion,
  oneLine,
  reachState,
} from "../lake/aws_errors.ts";
import type { AthenaSettings } from "./athena_settings.ts";
import { withPosition } from "./translate.ts";

/** How a query ended that did not succeed. */
export interface FailedQuery {
  query_id: string;
  state: "FAILED" | "CANCELLED";
  /** Athena's words. */
  reason: string;
  /** Athena's kinds of causes: 1 is itself, 2 the statement or its data, 3 something else. */
  category?: number | undefined;
  retryable?: boolean | undefined;
}

/** Line and column of a place in the text that was sent, as they are in the text that the reader wrote. */
export type ToOriginal = (line: number, column: number) => { line: number; column: number };

/**
 * The error to raise for a query that failed. Line and column, which Athena names as `line 1:8`, stand in the same form
 * as those of the embedded engine.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const reason = "COLUMN_NOT_FOUND: line 1:8: Column 'pric' cannot be resolved";
 * const failed = { query_id: "q-1", state: "FAILED", reason, category: 2 } as const;
 * const { message } = explainFailure("SELECT pric FROM t", failed);
 * assertEquals(
 *   message,
 *   "COLUMN_NOT_FOUND: Column 'pric' cannot be resolved (line 1, column 8)\n\nLINE 1: SELECT pric FROM t\n" +
 *     "               ^\nAthena query q-1",
 * );
 * ```
 */
export function explainFailure(
  sql: string,
  { query_id, state, reason, category, retryable }: FailedQuery,
  toOriginal: ToOriginal = (line, column) => ({ line, column }),
): LakebookError {
  const cause = new Error(`${state} ${query_id}: ${reason}`);
  const footer = `Athena query ${query_id}`;
  if (/bytes scanned limit/i.test(reason)) {
    return new SqlError(
      `Cannot finish "${
        start(sql)
      }": it would scan more than its workgroup allows, ask for fewer partitions or ` +
        `columns, or raise the workgroup's limit\n${footer}`,
      { cause },
    );
  }
  if (state === "CANCELLED") {
    return new SqlError(
      `Cannot finish "${start(sql)}": somebody cancelled it (${oneLine(reason)}), run it again\n${footer}`,
      { cause, retryable: true },
    );
  }
  if (category === 1) {
    return new SourceError(
      `Cannot finish "${start(sql)}": Athena failed (${oneLine(reason)}), ` +
        `${retryable ? "run it again" : "ask for less at once, or see Athena's error reference"}\n${footer}`,
      { cause, retryable: retryable ?? false },
    );
  }
  const place = /\bline (\d+):(\d+): /.exec(reason);
  if (!place) return new SqlError(`${reason.trim()}\n${footer}`, { cause });
  const { line, column } = toOriginal(Number(place[1]), Number(place[2]));
  const message = `${reason.replace(place[0], "").trim()} (line ${line}, column ${column})`;
  return new SqlError(`${withPosition(sql, message, line, column)}\n${footer}`, { cause });
}

/**
 * The error to raise for what a request to Athena threw.
 *
 * - {@linkcode ConfigError}: access, credentials, region, workgroup, place for results, an address that nobody answers,
 *   a missing Deno permission;
 * - {@linkcode SourceError}: Athena was busy or the connection broke, `retryable`;
 * - {@linkcode SqlError}: the request itself was refused.
 */
export function explainRequest(sql: string, error: unknown, settings: AthenaSettings): LakebookError {
  if (error instanceof LakebookError) return error;
  const thrown = describeThrown(error);
  const { code, message } = thrown;
  const about = { action: "run", what: start(sql) };
  const { config, other: source } = failures(about, thrown, SourceError);
  const { other: refused } = failures(about, thrown, SqlError);
  const known = reachState(thrown, settings.endpoint, config) ?? credentialState(thrown, config);
  if (known) return known;
  if (/^AccessDenied/.test(code)) {
    return config(
      `access denied (${message}), give these credentials athena:StartQueryExecution, athena:GetQueryExecution, ` +
        `athena:GetQueryResults and athena:StopQueryExecution, glue:Get* on the tables, and s3 access to the lake and ` +
        `the place for results`,
    );
  }
  if (lacksRegion(thrown)) return config("no region is set, set AWS_REGION to the lake's");
  if (/workgroup/i.test(message) && /not found|does not exist|not enabled|disabled/i.test(message)) {
    return config(
      `workgroup "${
        settings.workgroup ?? "primary"
      }" cannot be used (${message}), check LAKEBOOK_ATHENA_WORKGROUP`,
    );
  }
  if (/output (location|bucket)/i.test(message)) {
    return config(`its place for results cannot be used (${message}), check LAKEBOOK_ATHENA_OUTPUT`);
  }
  if (/idempotent|ClientRequestToken/i.test(message)) {
    return refused(`its token was used for another statement before (${message}), use a token of its own`);
  }
  if (isBusy(thrown)) return source(`Athena is busy (${code}), run again later`, true);
  if (isBroken(thrown)) {
    return source(`the connection broke (${code}), check the network and run again`, true);
  }
  return refused(`Athena answered ${code} (${message}), see what that means there`);
}

/** Whether Athena does not know a query: it forgets one after 45 days, and knows none of another account or region. */
export function isUnknownQuery(error: unknown): boolean {
  return error instanceof SqlError && /QueryExecution \S+ was not found/i.test(error.message);
}

function start(sql: string): string {
  const text = oneLine(sql);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
