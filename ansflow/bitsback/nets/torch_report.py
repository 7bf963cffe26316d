"""What a network in fixed point makes of samples, beside the network that it was made from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Deviation", "Multiplication", "Report"]


@dataclass(frozen=True)
class Deviation:
    """How far a result is from that in floating point.

    Attributes
    ----------
    result : str
    largest, rms : float
        The largest difference over all samples, and the root of the mean of its square.
    scale : float
        The root mean square of the result itself.
    """

    result: str
    largest: float
    rms: float
    scale: float


@dataclass(frozen=True)
class Multiplication:
    """How the sums of an affine layer are computed for the samples.

    Attributes
    ----------
    node : str
    weights : tuple of int
        Shape of the weights.
    shift : int
        Weights are in units of ``2**-shift``.
    largest_input : float
        The largest magnitude of an input.
    sums : int
        Sums of 32 bits for each result: 1, the fastest, to 4.
    """

    node: str
    weights: tuple[int, ...]
    shift: int
    largest_input: float
    sums: int


@dataclass(frozen=True)
class Report:
    """Deviations of all results, and how fast each affine layer is; `str` makes tables of them."""

    deviations: tuple[Deviation, ...]
    multiplications: tuple[Multiplication, ...]

    @property
    def largest(self) -> float:
        """The largest deviation of any result."""
        return max(deviation.largest for deviation in self.deviations)

    def __str__(self) -> str:
        lines = [f"{'result':16} {'largest deviation':>18} {'rms':>10} {'rms of result':>14}"]
        lines += [
            f"{d.result:16} {d.largest:18.2g} {d.rms:10.2g} {d.scale:14.4g}"
            for d in self.deviations
        ]
        lines += [
            "",
            f"{'layer':16} {'weights':>18} {'shift':>5} {'largest input':>14} {'parts':>5}",
        ]
        lines += [
            f"{m.node:16} {'x'.join(map(str, m.weights)):>18} {m.shift:5} "
            f"{m.largest_input:14.4g} {m.sums:5}"
            for m in self.multiplications
        ]
        return "\n".join(lines)
