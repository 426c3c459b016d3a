"""Every error that deblurvid raises on purpose.

DeblurvidError
├── UsageError        (ValueError)    an argument cannot be meant, or contradicts another
├── InputError        (ValueError)    the source is missing, unreadable or not what it should be
├── OutputError       (OSError)       the target cannot be written, or holds what it should not
├── EncoderError      (ValueError)    an encoder or one of its options cannot be used
├── GeneratorError    (ValueError)    an ONNX file does not keep the generator contract
│   └── PrecisionError                the generator cannot be computed in this precision
├── EngineError       (RuntimeError)  an engine or device cannot be opened, or died
│   └── DeviceMemoryError             pictures of this size are too large for the device
└── VerificationError (RuntimeError)  the finished output is not what was promised

Each is also the builtin in brackets, so that a caller need not know this tree. A message says
what is wrong, the value, and what to do.
"""

REPLACING = "use -y (from Python: overwrite=True)"
"""What to do about a target that exists, for whoever reads a message."""


class DeblurvidError(Exception):
    """Base of all errors of this package."""


class UsageError(DeblurvidError, ValueError):
    """An argument cannot be meant, or contradicts another."""


class InputError(DeblurvidError, ValueError):
    """The source is missing, unreadable or not what it should be."""


class OutputError(DeblurvidError, OSError):
    """The target cannot be written, or holds what it should not."""


class EncoderError(DeblurvidError, ValueError):
    """An encoder or one of its options cannot be used."""


class GeneratorError(DeblurvidError, ValueError):
    """An ONNX file does not keep the generator contract."""


class PrecisionError(GeneratorError):
    """The generator cannot be computed in this precision; in another one it may."""


class EngineError(DeblurvidError, RuntimeError):
    """An engine or a device cannot be opened, or died."""


class DeviceMemoryError(EngineError):
    """Pictures of this size are too large for the device, mostly for its memory."""


class VerificationError(DeblurvidError, RuntimeError):
    """The finished output is not what was promised."""


def was_interrupted(error: BaseException | None) -> bool:
    """Whether an interrupt is behind it: extension modules turn one into an ImportError."""
    seen = set()
    # A chain may bite its own tail.
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
