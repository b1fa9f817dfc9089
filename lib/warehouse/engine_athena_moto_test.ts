import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError, LakebookError } from "../core/errors.ts";
import { AthenaRequests } from "./athena_requests.ts";
import { athenaSettings } from "./athena_settings.ts";
import { AthenaEngine, requestToken } from "./engine_athena.ts";

/** The protocol against a server that is not ours: moto, which runs nothing and answers what it is told. */
const endpoint = Deno.env.get("LAKEBOOK_TEST_MOTO_ENDPOINT");
if (endpoint === undefined) {
  Deno.test({ name: "AthenaEngine on moto (skipped: no moto)", ignore: true, fn: () => {} });
} else {
  Deno.test("AthenaEngine on moto", async (t) => {
    const settings = athenaSettings({
      AWS_ENDPOINT_URL_ATHENA: endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "not a secret",
      LAKEBOOK_ATHENA_OUTPUT: "s3://results/here/",
    });
    let sleeps = 0;
    const effects = {
      random: () => 0,
      sleep: (_: number, signal?: AbortSignal) => {
        sleeps++;
        signal?.throwIfAborted();
        return Promise.resolve();
      },
    };
    using engine = new AthenaEngine(settings, effects);
    const tell = async (path: string, body: unknown) => {
      const answer = await fetch(`${endpoint}/moto-api/${path}`, {
        method: "POST",
        body: JSON.stringify(body),
      });
      await answer.body?.cancel();
      assertEquals(answer.status, 201);
    };
    // Each state for two looks.
    const slowly = { model_name: "athena::execution", transition: { progression: "manual", times: 2 } };
    await tell("state-manager/set-transition", slowly);

    await t.step("starts, waits, and reads typed rows", async () => {
      const row = (...texts: (string | null)[]) => ({
        Data: texts.map((text) => text === null ? {} : { VarCharValue: text }),
      });
      const columns = [["day", "date"], ["cap", "bigint"], ["price", "double"]];
      await tell("static/athena/query-results", {
        results: [{
          rows: [
            row("day", "cap", "price"),
            row("2026-01-02", "9007199254740993", "1.5"),
            row(null, "7", null),
          ],
          column_info: columns.map(([Name, Type]) => ({ Name, Type })),
        }],
      });
      const { columns: found, rows, summary } = await engine.query("SELECT day, cap, price FROM ohlcv_daily");
      assertEquals(found.map(({ type }) => type), ["DATE", "BIGINT", "DOUBLE"]);
      assertEquals(rows, [[new Date("2026-01-02"), 9007199254740993n, 1.5], [null, 7n, null]]);
      assertEquals(summary.output, `s3://results/here/${summary.query_id}.csv`);
      assertEquals(sleeps > 1, true);
    });

    await t.step("runs a definition", async () => {
      const token = requestToken("create", "crypto_gold");
      const { usd, bytes_scanned } = await engine.run("CREATE DATABASE IF NOT EXISTS crypto_gold", { token });
      assertEquals([usd, bytes_scanned], [0, 0]);
    });

    await t.step("follows an INSERT to its end, also by its id alone", async () => {
      const sql = "INSERT INTO crypto_gold.analytics_prices SELECT * FROM crypto_gold.analytics_prices";
      const token = requestToken("insert", "2026-01-02T03");
      let started = "";
      const onStart = (query_id: string) => Promise.resolve(void (started = query_id));
      const { failure, query_id, manifest } = await engine.write(sql, { token, onStart });
      assertEquals([failure, query_id, manifest], [null, started, null]);
      assertEquals((await engine.write(sql, { token, query_id })).query_id, query_id);
    });

    await t.step("cancels", async () => {
      const controller = new AbortController();
      const sleep = (_: number, signal?: AbortSignal) => {
        controller.abort();
        signal?.throwIfAborted();
        return Promise.resolve();
      };
      using impatient = new AthenaEngine(settings, { ...effects, sleep });
      const error = await assertRejects(
        () => impatient.query("SELECT 1", { signal: controller.signal }),
        LakebookError,
        "interrupted",
      );
      const id = /query (\S+):/.exec(error.message)![1]!;
      const requests = new AthenaRequests(settings, effects);
      assertEquals((await requests.look("SELECT 1", id)).Status?.State, "CANCELLED");
      requests.close();
    });

    await t.step("names a workgroup that is not there", async () => {
      using lost = new AthenaEngine({ ...settings, workgroup: "nowhere" }, effects);
      await assertRejects(() => lost.query("SELECT 1"), ConfigError, 'workgroup "nowhere" cannot be used');
    });
  });
}
