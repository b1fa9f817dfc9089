/**
 * For tests: Athena's four requests over HTTP (JSON 1.1) on a free port of this machine, strict about what Athena is
 * strict about. It runs nothing: a test says what a statement is answered with.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a statement is answered with. */
export interface TestAnswer {
  columns?: [name: string, type: string][];
  /** Null is NULL. A query's header is added. */
  rows?: (string | null)[][];
  /** A query, a definition, or what describes; only the first has a header. */
  kind?: "DML" | "DDL" | "UTILITY";
  /** States from one look to the next; the last one stays. */
  states?: string[];
  /** Bytes scanned at each look. */
  scanned?: number[];
  reason?: string;
  category?: number;
  retryable?: boolean;
  reused?: boolean;
  /** Rows that an INSERT added, and where the list of its objects lies. */
  updated?: number;
  manifest?: string;
}

/** A refusal: an error's name with status and words. */
export interface TestRefusal {
  code: string;
  status?: number;
  message?: string;
}

interface Execution {
  id: string;
  sql: string;
  request: string;
  answer: TestAnswer;
  looks: number;
  stopped: boolean;
}

/** Athena, answering from what a test has prepared. */
export class TestAthena implements AsyncDisposable {
  /** What was asked, in order. */
  readonly requests: { operation: string; body: Record<string, unknown> }[] = [];
  /** Rows of a page. */
  pageSize = 1000;
  /** What the next requests are refused with; "reset" breaks the connection in the answer to a request that was carried out. */
  readonly refusals: (TestRefusal | "reset" | "pass")[] = [];
  /** What each statement is answered with; a text that is not here is an answer without columns. */
  readonly answers = new Map<string, TestAnswer>();
  /** Carries out what is not among the answers. */
  carryOut: (sql: string, id: string) => TestAnswer | Promise<TestAnswer> = () => ({});
  readonly #executions = new Map<string, Execution>();
  readonly #tokens = new Map<string, Execution>();
  readonly #server = createServer();

  private constructor() {}

  static async start(): Promise<TestAthena> {
    const athena = new TestAthena();
    athena.#server.on("request", async (request, response) => {
      let text = "";
      for await (const piece of request.setEncoding("utf8")) text += piece;
      const target = String(request.headers["x-amz-target"]);
      const reply = await athena.#answer(target.replace(/^AmazonAthena\./, ""), JSON.parse(text));
      response.writeHead(reply.status, {
        "content-type": "application/x-amz-json-1.1",
        ...reply.status === 200 ? {} : { "x-amzn-errortype": String(reply.body.__type) },
      });
      const bytes = JSON.stringify(reply.body);
      if (!reply.breaks) return void response.end(bytes);
      response.write(bytes.slice(0, 5), () => request.socket.destroy());
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    athena.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    return athena;
  }

  /** Settings that lead to this server. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL_ATHENA: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "not a secret",
      LAKEBOOK_ATHENA_OUTPUT: "s3://results/here/",
    };
  }

  /** Bodies of one kind of request. */
  asked(operation: string): Record<string, unknown>[] {
    return this.requests.filter((request) => request.operation === operation).map(({ body }) => body);
  }

  /** Statements that were started, each once, in order. */
  get statements(): string[] {
    return [...this.#executions.values()].map(({ sql }) => sql);
  }

  async #answer(
    operation: string,
    body: Record<string, unknown>,
  ): Promise<{ status: number; body: Record<string, unknown>; breaks: boolean }> {
    this.requests.push({ operation, body });
    const refusal = this.refusals.shift() ?? "pass";
    if (typeof refusal === "object") return refuse(refusal);
    try {
      return { status: 200, body: await this.#carryOut(operation, body), breaks: refusal === "reset" };
    } catch (error) {
      return refuse({ code: "InvalidRequestException", message: (error as Error).message });
    }
  }

  async #carryOut(operation: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
    if (operation === "StartQueryExecution") return { QueryExecutionId: (await this.#start(body)).id };
    const execution = this.#executions.get(String(body.QueryExecutionId));
    if (!execution) throw new Error(`QueryExecution ${body.QueryExecutionId} was not found`);
    if (operation === "StopQueryExecution") return execution.stopped = true, {};
    if (operation === "GetQueryExecution") return { QueryExecution: this.#look(execution) };
    if (operation === "GetQueryResults") return this.#page(execution, body);
    throw new Error(`no such operation: ${operation}`);
  }

  async #start(body: Record<string, unknown>): Promise<Execution> {
    const { QueryString: sql, ClientRequestToken: token, ResultConfiguration, WorkGroup } = body;
    if (typeof token !== "string" || token.length < 32 || token.length > 128) {
      throw new Error("ClientRequestToken");
    }
    if (!ResultConfiguration && !WorkGroup) {
      throw new Error("No output location provided. An output location is required");
    }
    const before = this.#tokens.get(token);
    if (before) {
      if (before.request !== JSON.stringify(body)) throw new Error("Idempotent parameters do not match");
      return before;
    }
    const id = `query-${this.#executions.size + 1}`;
    const answer = this.answers.get(String(sql)) ?? {};
    const execution: Execution = {
      id,
      sql: String(sql),
      request: JSON.stringify(body),
      answer,
      looks: 0,
      stopped: false,
    };
    this.#executions.set(id, execution);
    this.#tokens.set(token, execution);
    if (!this.answers.has(String(sql))) execution.answer = await this.carryOut(String(sql), id);
    return execution;
  }

  #look(execution: Execution): unknown {
    const { id, sql, answer, stopped } = execution;
    const at = execution.looks++;
    const states = answer.states ?? ["QUEUED", "RUNNING", "SUCCEEDED"], scanned = answer.scanned ?? [0];
    const State = stopped ? "CANCELLED" : states[Math.min(at, states.length - 1)]!;
    return {
      QueryExecutionId: id,
      Query: sql,
      StatementType: answer.kind ?? "DML",
      ResultConfiguration: { OutputLocation: `s3://results/here/${id}.csv` },
      Status: {
        State,
        ...State === "FAILED" || State === "CANCELLED"
          ? {
            StateChangeReason: answer.reason ?? "Query cancelled by user",
            AthenaError: { ErrorCategory: answer.category ?? 2, Retryable: answer.retryable ?? false },
          }
          : {},
      },
      Statistics: {
        DataScannedInBytes: scanned[Math.min(at, scanned.length - 1)],
        TotalExecutionTimeInMillis: 1234,
        ...answer.manifest === undefined ? {} : { DataManifestLocation: answer.manifest },
        ResultReuseInformation: { ReusedPreviousResult: answer.reused ?? false },
      },
    };
  }

  #page({ answer }: Execution, { MaxResults, NextToken }: Record<string, unknown>): Record<string, unknown> {
    if (Number(MaxResults) > 1000) throw new Error("MaxResults");
    const { columns = [], rows = [], kind = "DML" } = answer;
    const all = kind === "DML" ? [columns.map(([name]) => name), ...rows] : rows;
    const from = Number(NextToken ?? 0), to = from + Math.min(this.pageSize, Number(MaxResults));
    return {
      UpdateCount: answer.updated ?? 0,
      ResultSet: {
        Rows: all.slice(from, to).map((row) => ({
          Data: row.map((text) => text === null ? {} : { VarCharValue: text }),
        })),
        ResultSetMetadata: { ColumnInfo: columns.map(([Name, Type]) => ({ Name, Type })) },
      },
      ...to < all.length ? { NextToken: String(to) } : {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }
}

function refuse({ code, status = 400, message = "no" }: TestRefusal) {
  return { status, body: { __type: code, Message: message }, breaks: false };
}
