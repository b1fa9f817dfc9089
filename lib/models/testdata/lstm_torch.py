"""Writes `lstm_torch.json`: values and derivatives of PyTorch's LSTM, in 64 bits, for the tests of the fused layer.

Run in a scratch environment with PyTorch: python lstm_torch.py > lstm_torch.json
"""

import json

import torch

# windows, steps, features, units, whether h of every step goes out
CASES = [
    (1, 1, 1, 1, True),
    (3, 1, 2, 4, False),
    (3, 5, 2, 4, True),
    (9, 6, 3, 5, False),
    (17, 4, 1, 5, True),
    (2, 60, 3, 4, True),
]


def uniforms(seed):
    """Park and Miller's generator: exact in doubles, so the tests draw the same numbers."""
    while True:
        seed = seed * 48271 % 2147483647
        yield seed / 2147483647


def draw(source, *shape):
    """Uniform numbers from −1 to 1, rounded to 32 bits."""
    count = 1
    for size in shape:
        count *= size
    values = [2 * next(source) - 1 for _ in range(count)]
    return torch.tensor(values, dtype=torch.float32).double().reshape(shape)


def case(windows, steps, features, units, sequences):
    source = uniforms(1000 * units + steps)
    x = draw(source, windows, steps, features).requires_grad_()
    # Keras has gates in columns, PyTorch in rows, in the same order.
    kernel, recurrent, bias = (draw(source, n, 4 * units) for n in (features, units, 1))
    lstm = torch.nn.LSTM(features, units, batch_first=True).double()
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(kernel.T)
        lstm.weight_hh_l0.copy_(recurrent.T)
        lstm.bias_ih_l0.copy_(bias[0])
        lstm.bias_hh_l0.zero_()
    h, _ = lstm(x)
    if not sequences:
        h = h[:, -1]
    (h.square() * draw(source, *h.shape)).sum().backward()
    numbers = lambda tensor: [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]
    return {
        **{"windows": windows, "steps": steps, "features": features, "units": units, "sequences": sequences},
        "h": numbers(h),
        "gradients": [
            numbers(x.grad),
            numbers(lstm.weight_ih_l0.grad.T),
            numbers(lstm.weight_hh_l0.grad.T),
            numbers(lstm.bias_ih_l0.grad),
        ],
    }


print(json.dumps({"torch": torch.__version__, "cases": [case(*sizes) for sizes in CASES]}))
