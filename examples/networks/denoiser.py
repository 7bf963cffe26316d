"""The denoiser of digits: shared by `diffusion_digits.py` and `train_diffusion_digits.py`."""

import numpy as np

from ansflow.bitsback import Schedule
from ansflow.bitsback.nets import Network

LEVELS, PIXELS = 17, 64

# Times have this many features, each a hat of a width of two parts.
TIMES = 16


def features(z: np.ndarray, signal: np.ndarray | float, time: np.ndarray | float) -> np.ndarray:
    """What the network takes: latents, how far they are from a level, and the time from 0 to 1.

    Sums, products and quotients only, so that all machines compute the same.
    """
    levels = (z / signal + 1) * ((LEVELS - 1) / 2)
    rest = (levels - np.rint(levels)) * signal
    hats = np.maximum(0, 1 - np.abs(time * (TIMES - 1) - np.arange(TIMES)))
    return np.concatenate([z, rest, np.broadcast_to(hats, (len(z), TIMES))], axis=1)


class Denoiser:
    """Digits from noise: x = signal * z - deviation * v, where a network predicts v."""

    def __init__(self, schedule: Schedule, network: Network) -> None:
        self.network = network
        self.steps = len(schedule)
        self.signals = np.sqrt(1 - schedule.variances)
        self.deviations = np.sqrt(schedule.variances)

    def __call__(self, z: np.ndarray, t: int) -> np.ndarray:
        signal, deviation = self.signals[t - 1], self.deviations[t - 1]
        v = self.network(features(z, signal, t / self.steps)) / 4096
        return np.clip(signal * z - deviation * v, -1, 1)
