"""The network of `lstm_bench.ts` in Keras on TensorFlow: lstm_keras.py THREADS.

For each line on standard input it trains an epoch, predicts, and prints a line of JSON: seconds and processor seconds.
"""

import json
import os
import sys
import time

THREADS = int(sys.argv[1])
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

model = keras.Sequential([
    layers.Input((60, 1)),
    layers.LSTM(50, return_sequences=True),
    layers.Dropout(0.2),
    layers.LSTM(50),
    layers.Dropout(0.2),
    layers.Dense(1),
])
model.compile(optimizer="adam", loss="mse")
x, y = np.random.randn(1000, 60, 1).astype("f"), np.random.randn(1000, 1).astype("f")


def timed(work):
    start, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - processor


print(json.dumps({"name": f"Keras {keras.__version__} on TensorFlow {tf.__version__}"}), flush=True)
for _ in sys.stdin:
    epoch, processor = timed(lambda: model.fit(x, y, epochs=1, batch_size=32, verbose=0))
    predict, _ = timed(lambda: model.predict(x, batch_size=1000, verbose=0))
    print(json.dumps({"epoch": epoch, "processor": processor, "predict": predict}), flush=True)
