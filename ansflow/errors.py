"""The exceptions of ansflow; all of them derive from `AnsflowError`."""


class AnsflowError(Exception):
    """Base class of the exceptions of ansflow."""


class ModelError(AnsflowError, ValueError):
    """A probability model is invalid, or assigns no probability to a symbol."""


class CorruptDataError(AnsflowError, ValueError):
    """Compressed data contradicts itself, its checksum or the model."""


class TruncatedError(CorruptDataError):
    """Compressed data ends before the content it promises."""


class UnsupportedError(CorruptDataError):
    """Data use a format version, flag, transform or kind of stream that is not supported."""


class UnknownModelError(UnsupportedError):
    """Data were written with a model that is not registered by this name and fingerprint."""


class LimitError(AnsflowError):
    """Decoding would exceed the caller's `ansflow.limits.Limits`."""


class StackUnderflowError(AnsflowError):
    """A codec would pop more bits than the stack holds. The stack is left unchanged."""
