/** For tests: Parameter Store's GetParameter over HTTP (JSON 1.1) on a free port of this machine. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request is answered with in place of a parameter; "reset" breaks the connection within the answer. */
export type ParameterRefusal = { code: string; status?: number; message?: string } | "reset";

/** AWS says nothing more than this code. */
const NOT_FOUND: ParameterRefusal = { code: "ParameterNotFound" };

/** Parameter Store, with the parameters that a test puts into it. */
export class TestParameters implements AsyncDisposable {
  /** By name as it is asked for, selector included. */
  readonly parameters = new Map<string, { Type: string; Value: string }>();
  /** What the next requests are refused with. */
  readonly refusals: ParameterRefusal[] = [];
  /** What was asked, and for which region. */
  readonly requests: { region: string; body: Record<string, unknown> }[] = [];
  readonly #server = createServer();

  private constructor() {}

  static async start(): Promise<TestParameters> {
    const store = new TestParameters();
    store.#server.on("request", async (request, response) => {
      let text = "";
      for await (const piece of request.setEncoding("utf8")) text += piece;
      const { "x-amz-target": target, authorization = "" } = request.headers;
      if (target !== "AmazonSSM.GetParameter") throw new Error(`no such operation: ${target}`);
      // Credential=<key>/<day>/<region>/ssm/aws4_request
      const region = /Credential=[^/]+\/\d+\/([^/]+)\/ssm\//.exec(authorization)?.[1] ?? "";
      const body = JSON.parse(text);
      store.requests.push({ region, body });
      const parameter = store.parameters.get(body.Name);
      const refusal = store.refusals.shift() ?? (parameter ? null : NOT_FOUND);
      if (refusal === "reset") {
        response.writeHead(200, { "content-type": "application/x-amz-json-1.1", "content-length": "99" });
        return void response.write("{", () => request.socket.destroy());
      }
      response.writeHead(refusal ? refusal.status ?? 400 : 200, {
        "content-type": "application/x-amz-json-1.1",
      });
      const answer = refusal
        ? { __type: refusal.code, ...refusal.message === undefined ? {} : { message: refusal.message } }
        : { Parameter: { Name: body.Name, Version: 1, ...parameter } };
      response.end(JSON.stringify(answer));
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    store.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    return store;
  }

  /** Settings that lead to this server. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "not a secret",
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }
}
