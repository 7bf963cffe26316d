"""Settings that all tests share."""

import os

import hypothesis

# The first example of a test may compile kernels, so no deadline.
hypothesis.settings.register_profile("ansflow", deadline=None, max_examples=60)
hypothesis.settings.register_profile(
    "ci", hypothesis.settings.get_profile("ansflow"), derandomize=True
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "ansflow")
