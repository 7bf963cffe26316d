"""A photograph of 512 x 512 pixels under the model that comes with ansflow."""

import numpy as np

from ansflow.bitsback import Stack, load

SIZE = 512


class Photograph:
    """Waves with noise, as no photographs come with ansflow: the rates are not those of one."""

    timeout = 300

    def setup(self):
        self.model = load("photographs")
        y, x = np.mgrid[:SIZE, :SIZE]
        grey = 128 + 50 * np.sin(x / 9) + 40 * np.cos(y / 7)
        noise = np.random.default_rng(0).normal(0, 3, (SIZE, SIZE, 3))
        self.photo = np.clip(np.rint(grey[..., np.newaxis] + noise), 0, 255).astype(np.uint8)
        self.message = self.model.encode(self.photo)
        self.time_decode()

    def time_encode(self):
        self.model.encode(self.photo)

    def time_decode(self):
        self.model.decode(self.message, self.photo.shape)

    def track_total(self):
        return 8 * len(self.message) / self.photo.size

    def track_net_over_elbo(self):
        """The overhead in percent."""
        stack = Stack.from_initial_bits(np.random.default_rng(0).bytes(self.photo.size))
        start = stack.mark()
        self.model.codec(self.photo.shape).push(stack, self.photo)
        return 100 * (stack.rates(start).net / -self.model.elbo(self.photo, rng=0) - 1)

    track_total.unit = "bits/subpixel"
    track_net_over_elbo.unit = "%"
