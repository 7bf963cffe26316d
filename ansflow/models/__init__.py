"""Probability models: anything with `precision` and `freq` (see `Model`).

Models know nothing of lanes, words or bytes. Those of this package are immutable. Your own classes
are used in the same way and at the same speed (``examples/own_model.py``).
"""

from ansflow.models.base import FrequencyModel, Model
from ansflow.models.categorical import Bernoulli, Categorical, Mixture, Uniform
from ansflow.models.conditional import Conditional
from ansflow.models.escaped import Escaped
from ansflow.models.frequencies import quantize
from ansflow.models.markov import Markov
from ansflow.models.probabilities import Probabilities
from ansflow.models.quantized import Quantized

__all__ = [
    "Bernoulli",
    "Categorical",
    "Conditional",
    "Escaped",
    "FrequencyModel",
    "Markov",
    "Mixture",
    "Model",
    "Probabilities",
    "Quantized",
    "Uniform",
    "quantize",
]
