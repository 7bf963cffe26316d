"""Images given their coarse ones as codecs: the latents of an `Octave` by bits back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.autoregressive import Autoregressive
from ansflow.bitsback.combinators.bits_back import BitsBack
from ansflow.bitsback.distributions.conditional_buckets import ConditionalBuckets
from ansflow.bitsback.distributions.location_scale import LocationScale
from ansflow.bitsback.models.colours import ColourCodec
from ansflow.bitsback.models.gaussian_latents import codec_of
from ansflow.bitsback.models.octave import WITH_LATENTS, Given, Octave
from ansflow.bitsback.models.phases import Images, coarse_of, joined, phase_shapes, phases_of
from ansflow.bitsback.nets.shapes import Activations
from ansflow.bitsback.stack.stack import Stack

__all__ = ["OctaveCodec"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class OctaveCodec:
    """A codec for any coarse image: `push` takes it, too, and `pop` needs it.

    Parameters
    ----------
    octave : Octave
    shape : tuple of int
        Of the fine image, (height, width, colours), where colours are 3, or 1 if it is grey.
    finest : bool
        Whether that is a whole photograph, and not the coarse image of another.
    with_latents : bool
        If not, latents are what the prior expects, and are not coded. That takes more bits than
        with latents, but none that are on the stack already.
    """

    def __init__(
        self, octave: Octave, shape: tuple[int, int, int], finest: bool, with_latents: bool
    ) -> None:
        self.octave = octave
        self.shapes = phase_shapes(*shape)
        self.finest = finest
        self.with_latents = with_latents

    def push(self, stack: Stack, image: Images) -> None:
        """Push an image, but not its coarse one."""
        *phases, last = phases_of(image)
        # The last phase has no latents: its bits are those that latents are popped from.
        self._given(coarse_of(image)).push(stack, [phases, last])

    def pop(self, stack: Stack, coarse: Images) -> Images:
        """Pop an image, given its coarse one."""
        phases, last = self._given(coarse).pop(stack)
        return joined(coarse, [*phases, last])

    def _given(self, coarse: Images) -> Codec:
        """The codec of the phases with latents, which are a list, and of the one without."""
        given = Given(self.octave, coarse, self.finest)
        first = self._with_latents(given) if self.with_latents else self._without_latents(given)
        return Autoregressive(
            lambda items: self._phase(given, given.trunk, items[0]) if items else first, 2
        )

    def _with_latents(self, given: Given) -> Codec:
        """Latents are bucket numbers of shape (layers, 1, rows, columns, latents of a layer)."""

        def likelihood(z: Integers) -> Codec:
            return self._phases(given, given.summed(lambda i, prior, _: prior.centres(z[i])))

        rows, columns = (size // 2 for size in given.trunk.shape[1:3])
        layer = self.octave.priors[0].output_shapes["prior"][-1]
        assert layer is not None
        shape = len(self.octave.priors), 1, rows, columns, layer // 2
        return BitsBack(
            self.octave.buckets.prior(shape),
            likelihood,
            lambda phases: TopDown(given, given.inferred(phases), shape),
        )

    def _without_latents(self, given: Given) -> Codec:
        return self._phases(given, given.summed(lambda i, prior, _: prior.mean))

    def _phases(self, given: Given, features: Activations) -> Codec:
        return Autoregressive(lambda phases: self._phase(given, features, phases), WITH_LATENTS)

    def _phase(self, given: Given, features: Activations, phases: list[Images]) -> ColourCodec:
        """The codec of the next phase."""
        i = len(phases)
        found = given.parameters(i, features, phases, self.shapes[i])
        return self.octave.pixels.codec(found, self.shapes[i][-1])


class TopDown(Codec):
    """The posterior of all layers of latents, each given those above it."""

    def __init__(self, given: Given, inferred: Activations, shape: tuple[int, ...]) -> None:
        self.given = given
        self.inferred = inferred
        self.shape = shape

    def push(self, stack: Stack, x: Integers) -> None:
        codecs = []

        def known(i: int, prior: ConditionalBuckets, features: Activations) -> Floats:
            codecs.append(self._layer(i, features))
            return prior.centres(x[i])

        self.given.summed(known)
        for codec, numbers in reversed(list(zip(codecs, x, strict=True))):
            codec.push(stack, numbers)

    def pop(self, stack: Stack) -> Integers:
        numbers = np.empty(self.shape, np.int64)

        def sampled(i: int, prior: ConditionalBuckets, features: Activations) -> Floats:
            numbers[i] = self._layer(i, features).pop(stack)
            return prior.centres(numbers[i])

        self.given.summed(sampled)
        return numbers

    def _layer(self, i: int, features: Activations) -> LocationScale:
        results = self.given.posterior(i, features, self.inferred)
        return codec_of(results, self.given.octave.buckets, full_support=False)
