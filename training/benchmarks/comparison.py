"""Compares what an answer returns with what the reference returned; EvalPlus's rules, afresh.

Runs inside the sandbox of the tests, where it is read as text: standard library only. Read off
EvalPlus 0.3.1 (Liu et al. 2023), with two differences on purpose: the tolerance of a float result
holds for that input alone, and NaN where NaN is expected is right.
"""

import math
from collections.abc import Callable, Sequence
from math import inf, nan  # noqa: F401 - expected values are written with these names
from typing import Any

# numpy.allclose's relative tolerance as numpy.testing.assert_allclose has it.
RELATIVE = 1e-7
FLOAT_TOLERANCE = 1e-6

# (part and number of the input, its arguments, the reference's output, seconds it may take)
Case = tuple[str, Sequence[Any], Any, float]


def compare_all(
    candidate: Callable[..., Any],
    cases: Sequence[Case],
    *,
    call: Callable[[Callable[..., Any], Sequence[Any], float], Any],
    atol: float,
    oracle: str,
    wrong: type[Exception] = AssertionError,
) -> None:
    """Return when the candidate is right on every case; `wrong` names the first other one."""
    for name, arguments, expected, seconds in cases:
        try:
            output = call(candidate, arguments, seconds)
        except Exception as error:  # noqa: BLE001 - raised again as what it is
            raise type(error)(f"{name}: {error}") from None
        if not is_right(arguments, output, expected, atol=atol, oracle=oracle):
            raise wrong(f"{name}: expected {_short(expected)}, got {_short(output)}")


def is_right(
    arguments: Sequence[Any], output: Any, expected: Any, *, atol: float, oracle: str
) -> bool:
    """Whether `output` is right for `arguments`, by the oracle and else within the tolerance."""
    match oracle:
        case "polynomial_root":
            return _is_root(arguments[0], output, atol)
        case "anything":
            return True
        case "same_set":
            return _is_same_set(output, expected)
        case "equal_or_zero" if output == 0:
            return True
        case "pyramid_surface" if _is_number(output):
            if abs(output - _pyramid_surface(*arguments)) <= atol:
                return True
        case "digit_distance" if output == _digit_distance(*arguments):
            return True
    if output == expected:
        return True
    tolerance = atol or (FLOAT_TOLERANCE if _is_floats(expected) else 0.0)
    return (
        tolerance > 0 and type(output) is type(expected) and _is_close(output, expected, tolerance)
    )


def _is_close(output: Any, expected: Any, atol: float) -> bool:
    """numpy.allclose for numbers and for sequences of them, nested ones too."""
    if isinstance(expected, (list, tuple)) and isinstance(output, (list, tuple)):
        pairs = zip(output, expected, strict=False)
        return len(output) == len(expected) and all(
            _is_close(left, right, atol) for left, right in pairs
        )
    if not (_is_number(output) and _is_number(expected)):
        return False
    if output == expected or (output != output and expected != expected):
        return True
    try:
        return bool(abs(output - expected) <= atol + RELATIVE * abs(expected) < math.inf)
    except OverflowError:  # an integer beyond every float
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, complex))


def _is_floats(value: Any) -> bool:
    if isinstance(value, (list, tuple)) and value:
        return all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def _is_same_set(output: Any, expected: Any) -> bool:
    try:
        return set(output) == set(expected)
    except TypeError:
        return False


def _is_root(coefficients: Sequence[float], x: Any, atol: float) -> bool:
    """HumanEval/32: any root of the polynomial will do."""
    if not _is_number(x) or isinstance(x, complex):
        return False
    try:
        value = sum(factor * math.pow(x, power) for power, factor in enumerate(coefficients))
    except (OverflowError, ValueError):
        return False
    return abs(value) <= atol


def _pyramid_surface(edge: float, height: float) -> int:
    """Mbpp/581 with `height` as the distance from the base to the top."""
    slant = math.hypot(edge / 2, height)
    return round(edge * edge + 2 * edge * slant)


def _digit_distance(first: int, second: int) -> int | None:
    """Mbpp/558 with the shorter number filled with zeros."""
    one, other = str(first), str(second)
    width = max(len(one), len(other))
    if not (one + other).isdigit():
        return None
    digits = zip(one.zfill(width), other.zfill(width), strict=True)
    return sum(abs(int(left) - int(right)) for left, right in digits)


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 160 else f"{text[:160]}…"
