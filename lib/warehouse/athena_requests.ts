/** The four requests of Athena that a query needs, sent again where Athena asks for patience. */
import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  type GetQueryResultsOutput,
  type QueryExecution,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from "@aws-sdk/client-athena";
import type { Effects } from "../core/effects.ts";
import { sendPatiently } from "../lake/aws_tries.ts";
import { explainRequest } from "./athena_errors.ts";
import type { AthenaSettings } from "./athena_settings.ts";

/** Rows of one answer, the most that Athena gives. */
const PAGE_ROWS = 1000;

/** Athena, as far as a query needs it. Errors are Lakebook's; `sql` is there for their words. */
export class AthenaRequests {
  readonly settings: AthenaSettings;
  readonly #client: AthenaClient;
  readonly #effects: Pick<Effects, "sleep" | "random">;

  constructor(settings: AthenaSettings, effects: Pick<Effects, "sleep" | "random">) {
    this.settings = settings;
    this.#effects = effects;
    const { endpoint, region, credentials } = settings;
    this.#client = new AthenaClient({
      maxAttempts: 1, // sendPatiently() tries again
      requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
      ...region ? { region } : {},
      ...credentials ? { credentials } : {},
      ...endpoint ? { endpoint } : {},
    });
  }

  /** Starts a statement; the same token and statement give the same query, however often they are sent. */
  async start(sql: string, { token, reuse }: { token: string; reuse: boolean }): Promise<string> {
    const { workgroup, output, reuse_minutes } = this.settings;
    const { QueryExecutionId } = await this.#ask(sql, () =>
      this.#client.send(
        new StartQueryExecutionCommand({
          QueryString: sql,
          ClientRequestToken: token,
          ...workgroup ? { WorkGroup: workgroup } : {},
          ...output ? { ResultConfiguration: { OutputLocation: output } } : {},
          ...reuse && reuse_minutes > 0
            ? {
              ResultReuseConfiguration: {
                ResultReuseByAgeConfiguration: { Enabled: true, MaxAgeInMinutes: reuse_minutes },
              },
            }
            : {},
        }),
      ));
    return QueryExecutionId!;
  }

  /** How a query stands. */
  async look(sql: string, query_id: string): Promise<QueryExecution> {
    const { QueryExecution } = await this.#ask(
      sql,
      () => this.#client.send(new GetQueryExecutionCommand({ QueryExecutionId: query_id })),
    );
    return QueryExecution!;
  }

  /** A page of a query's result. */
  async page(sql: string, query_id: string, next: string | undefined): Promise<GetQueryResultsOutput> {
    return await this.#ask(sql, () =>
      this.#client.send(
        new GetQueryResultsCommand({
          QueryExecutionId: query_id,
          MaxResults: PAGE_ROWS,
          ...next ? { NextToken: next } : {},
        }),
      ));
  }

  /** Cancels a query; what it has scanned by then is paid for. */
  async stop(sql: string, query_id: string): Promise<void> {
    await this.#ask(
      sql,
      () => this.#client.send(new StopQueryExecutionCommand({ QueryExecutionId: query_id })),
    );
  }

  close(): void {
    this.#client.destroy();
  }

  async #ask<T>(sql: string, send: () => Promise<T>): Promise<T> {
    try {
      return await sendPatiently(send, this.#effects);
    } catch (error) {
      throw explainRequest(sql, error, this.settings);
    }
  }
}
