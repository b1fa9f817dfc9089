import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ModelError } from "../../core/errors.ts";
import { firstRows } from "../_test_models.ts";
import { SMALL, waveRows } from "./_test_series.ts";
import { decodeCheckpoint } from "./checkpoint.ts";
import { CheckpointFolder } from "./checkpoint_folder.ts";
import { LstmModel, type LstmModelOptions } from "./lstm_model.ts";

const V: LstmModelOptions = { columns: ["v"], learns: "value", ...SMALL };
const ROWS = waveRows(90), RANGE = firstRows(89);

/** Trains until an epoch, or to the end; resumes where there is a checkpoint. */
async function train(
  folder: CheckpointFolder,
  options = V,
  until = Infinity,
  rows = ROWS,
): Promise<LstmModel> {
  const model = new LstmModel(options);
  using training = model.startTraining(rows, RANGE);
  await folder.resume(training);
  for await (const { epoch } of folder.run(model, training)) if (epoch === until) break;
  return model;
}

async function inFolder(act: (folder: CheckpointFolder) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "lakebook-" });
  try {
    await act(new CheckpointFolder(`${path}/checkpoint`));
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

Deno.test("a training that stops after each epoch in turn ends at the weights of one that never stopped", async () => {
  const options = { ...V, epochs: 8, learningRate: 0.03, patience: 3 };
  const unbroken = new LstmModel(options);
  unbroken.fit(ROWS, RANGE);
  await inFolder(async (folder) => {
    for (let epoch = 1; epoch < 8; epoch++) await train(folder, options, epoch);
    assertEquals((await train(folder, options)).save(), unbroken.save());
    // When it is through, resuming gives the same again, and the folder has the best network as files.
    assertEquals((await train(folder, options)).save(), unbroken.save());
    const saved = Object.fromEntries(
      await Promise.all(
        ["model.json", "weights.bin"].map(async (
          name,
        ) => [name, await Deno.readFile(`${folder.path}/${name}`)]),
      ),
    );
    assertEquals(saved, unbroken.save());
  });
});

Deno.test("more epochs go on from a checkpoint as if they had been asked for at first", async () => {
  const long = new LstmModel({ ...V, epochs: 6, patience: 99 });
  long.fit(ROWS, RANGE);
  await inFolder(async (folder) => {
    await train(folder, { ...V, epochs: 3, patience: 99 });
    assertEquals(
      (await train(folder, { ...V, epochs: 6, patience: 99 })).save()["weights.bin"],
      long.save()["weights.bin"],
    );
  });
});

Deno.test("a checkpoint of other settings, other data or a cut one is refused in plain words", async () => {
  await inFolder(async (folder) => {
    await train(folder, V, 2);
    const refused = (act: Promise<unknown>, message: string) => assertRejects(() => act, ModelError, message);
    await refused(train(folder, { ...V, units: 6 }), "of another model, other settings or other data");
    await refused(train(folder, { ...V, seed: 9 }), "of another model, other settings or other data");
    await refused(
      train(folder, V, 9, waveRows(90, { seed: 5 })),
      "of another model, other settings or other data",
    );
    const path = `${folder.path}/training.checkpoint`, bytes = await Deno.readFile(path);
    for (let cut = 0; cut < bytes.length; cut += 97) {
      const decode = () => decodeCheckpoint(bytes.subarray(0, cut), { identity: "", place: path });
      assertThrows(decode, ModelError, "cut or damaged, delete it or train without --resume");
    }
    for (let at = 0; at < bytes.length; at += 97) {
      const damaged = bytes.slice();
      damaged[at]! ^= 4;
      assertThrows(
        () => decodeCheckpoint(damaged, { identity: "", place: path }),
        ModelError,
        "cut or damaged",
      );
    }
    await Deno.writeFile(path, bytes.subarray(0, bytes.length - 1));
    await refused(train(folder), "cut or damaged");
  });
});
