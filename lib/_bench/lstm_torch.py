"""The network of `lstm_bench.ts` in PyTorch, as installed: lstm_torch.py THREADS.

For each line on standard input it trains an epoch, predicts, and prints a line of JSON: seconds and processor seconds.
"""

import json
import sys
import time

import torch
from torch import nn

THREADS = int(sys.argv[1])
torch.set_num_threads(THREADS)
torch.set_num_interop_threads(1)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 50, 2, batch_first=True, dropout=0.2)
        self.dropout = nn.Dropout(0.2)
        self.dense = nn.Linear(50, 1)

    def forward(self, x):
        h, _ = self.lstm(x)
        return self.dense(self.dropout(h[:, -1]))


x, y = torch.randn(1000, 60, 1), torch.randn(1000, 1)
network = Network()
optimizer, loss = torch.optim.Adam(network.parameters()), nn.MSELoss()


def train():
    network.train()
    for rows in torch.randperm(len(x)).split(32):
        optimizer.zero_grad()
        loss(network(x[rows]), y[rows]).backward()
        optimizer.step()


def predict():
    network.eval()
    with torch.no_grad():
        network(x)


def timed(work):
    start, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - processor


print(json.dumps({"name": f"PyTorch {torch.__version__}"}), flush=True)
for _ in sys.stdin:
    epoch, processor = timed(train)
    print(json.dumps({"epoch": epoch, "processor": processor, "predict": timed(predict)[0]}), flush=True)
