"""The work of `train_bench.ts` in Keras on TensorFlow: FILE FOLDER EPOCHS.

Closes of daily candles, scaled by the days trained on, in windows of 60; the network of the course, early stopping and
checkpoints of the best weights; forecasts of the later days. Prints a line of JSON.
"""

import csv
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np

LOOK_BACK, EMBARGO = 60, 7
file, folder, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])

with open(file) as lines:
    close = np.array([float(row["close"]) for row in csv.DictReader(lines)])[29:]
days = len(close) - 1
test_start = days - int(days * 0.2)
train_end = test_start - EMBARGO + 1
windows = np.lib.stride_tricks.sliding_window_view(close, LOOK_BACK)[:-1, :, None]
target = close[LOOK_BACK:]
train = slice(0, train_end - LOOK_BACK + 1)
low, high = close[: train_end - (train.stop // 10)].min(), close[: train_end - (train.stop // 10)].max()
scale = lambda values: ((values - low) / (high - low)).astype("float32")

keras.utils.set_random_seed(1)
model = keras.Sequential(
    [
        keras.layers.Input((LOOK_BACK, 1)),
        keras.layers.LSTM(50, return_sequences=True),
        keras.layers.Dropout(0.2),
        keras.layers.LSTM(50),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")
os.makedirs(folder, exist_ok=True)
model.fit(
    scale(windows[train]),
    scale(target[train]),
    validation_split=0.1,
    epochs=epochs,
    batch_size=32,
    verbose=0,
    callbacks=[
        keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(f"{folder}/best.keras", save_best_only=True),
    ],
)
test = slice(test_start - LOOK_BACK + 1, None)
forecasts = model.predict(scale(windows[test]), verbose=0)[:, 0] * (high - low) + low
print(json.dumps({"metrics": {"mae": float(np.abs(forecasts - target[test]).mean())}, "windows": train.stop}))
