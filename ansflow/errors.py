"""The exceptions ansflow raises on purpose; all of them are `AnsflowError`."""


class AnsflowError(Exception):
    """Base class of every error that ansflow raises on purpose."""


class ModelError(AnsflowError, ValueError):
    """A probability model is unusable, or gives a symbol no probability."""


class CorruptDataError(AnsflowError, ValueError):
    """Compressed data contradicts itself, its checksum or the model."""


class TruncatedError(CorruptDataError):
    """Compressed data ends before the content it promises."""


class UnsupportedError(CorruptDataError):
    """Data of a format version, flag or kind that this release doesn't know."""


class UnknownModelError(UnsupportedError):
    """Data were written with a model that isn't known here by its name and fingerprint."""


class LimitError(AnsflowError):
    """Decoding would need more than the caller's `ansflow.limits.Limits` allow."""


class StackUnderflowError(AnsflowError):
    """A codec would pop more bits than the stack holds. The stack is as it was before the pop."""
