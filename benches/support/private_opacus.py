"""The steps of private_step.jl by torch and Opacus: an ordinary one beside a private one, two threads.

    python private_opacus.py mlp|cnn hooks|ghost      prints milliseconds of the ordinary and the private step, a line a round
"""

import sys
import time
import warnings

import torch
from opacus import PrivacyEngine
from torch import nn

warnings.simplefilter("ignore")
torch.set_num_threads(2)
torch.manual_seed(1)


def mlp():
    layers = [nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)]
    return nn.Sequential(*layers), torch.randn(256, 784)


def cnn():
    layers = [nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(7 * 7 * 32, 64), nn.ReLU(), nn.Linear(64, 10)), torch.randn(128, 1, 28, 28)


def stepper(network, mode):
    model, x = network()
    y = torch.randint(0, 10, (len(x),))
    optimizer, criterion = torch.optim.SGD(model.parameters(), lr=1e-2), nn.CrossEntropyLoss()
    if mode:
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=len(x))
        private = PrivacyEngine().make_private(
            module=model, optimizer=optimizer, criterion=criterion, data_loader=loader, noise_multiplier=1.0, max_grad_norm=1.0,
            poisson_sampling=False, grad_sample_mode=mode,
        )
        model, optimizer = private[0], private[1]
        criterion = private[2] if mode == "ghost" else criterion

    def step():
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    return step


def main(network, mode):
    steps = [stepper({"mlp": mlp, "cnn": cnn}[network], how) for how in (None, mode)]
    for step in steps * 3:
        step()
    until = time.perf_counter() + 20
    for _ in range(60):
        times = []
        for step in steps:
            start = time.perf_counter()
            for _ in range(3):
                step()
            times.append((time.perf_counter() - start) / 3 * 1e3)
        print(*times, flush=True)
        if time.perf_counter() > until:
            break


main(*sys.argv[1:])
