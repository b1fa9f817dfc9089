/** From process start to the rows of a query, on a demo lake of two years. */
const scratch = await Deno.makeTempDir();
const cli = new URL("../pipeline/cli.ts", import.meta.url).pathname;

async function lakebook(...args: string[]): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-P=pipeline", cli, ...args],
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

const lake = ["--lake", `${scratch}/lake`];
await lakebook(
  "pipeline",
  "--source",
  "demo",
  "--only",
  "ingest,process,materialize",
  "--now",
  "2024-03-04T00:00:00Z",
  ...lake,
);

Deno.bench("query, translated on the spot", { n: 10, warmup: 2 }, async () => {
  await lakebook(
    "query",
    "SELECT day, avg_price_usd FROM processed_partitioned ORDER BY day DESC LIMIT 5",
    ...lake,
  );
});

globalThis.addEventListener("unload", () => Deno.removeSync(scratch, { recursive: true }));
