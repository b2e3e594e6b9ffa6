"""Plain Python values as one line of text, and back without running anything.

Works for None, bool, int, float (nan and infinities too), complex, str, bytes, list, tuple, dict,
set and frozenset. Values of subclasses travel as their base: an always-equal int arrives as an int.
"""

import ast
from typing import Any


def write_literal(value: object) -> str:
    """The text of `value`, without line breaks; TypeError where it is no plain value."""
    if value is None or value is True or value is False:
        return repr(value)
    # The base's own repr: a subclass may have another.
    if isinstance(value, int):
        # Decimal digits take quadratic time: 0.1 s at 100,000 digits, 10 s at a million.
        return hex(int.__index__(value)) if int.bit_length(value) > 4096 else int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, complex):
        return complex.__repr__(value)
    if isinstance(value, bytes):
        return bytes.__repr__(value)
    if isinstance(value, str):
        return ascii(str.__str__(value))
    if isinstance(value, dict):
        pairs = (f"{write_literal(key)}: {write_literal(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, tuple):
        return "(" + "".join(write_literal(item) + ", " for item in value) + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(write_literal, value)) + "]"
    if isinstance(value, (set, frozenset)):
        name = "set" if isinstance(value, set) else "frozenset"
        return f"{name}([" + ", ".join(map(write_literal, value)) + "])"
    raise TypeError(f"a {type(value).__name__} object is no plain value")


def read_literal(text: str) -> Any:
    """The value that `write_literal` wrote; ValueError for every other text."""
    try:
        return _build(ast.parse(text, mode="eval").body)
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"{type(error).__name__} in the text of a value") from None


def _build(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value) if value is not Ellipsis:
            return value
        case ast.Name("inf") | ast.Name("nan"):
            return float(node.id)
        case ast.UnaryOp(ast.USub(), operand):
            return -_number(operand)
        case ast.BinOp(left, ast.Add(), right):
            return _number(left) + _number(right)
        case ast.BinOp(left, ast.Sub(), right):
            return _number(left) - _number(right)
        case ast.List(items):
            return [_build(item) for item in items]
        case ast.Tuple(items):
            return tuple(_build(item) for item in items)
        case ast.Dict(keys, values):
            return {_build(key): _build(item) for key, item in _pairs(keys, values)}
        case ast.Call(ast.Name("set"), [ast.List(items)], []):
            return {_build(item) for item in items}
        case ast.Call(ast.Name("frozenset"), [ast.List(items)], []):
            return frozenset(_build(item) for item in items)
    raise ValueError(f"{type(node).__name__} in the text of a value")


def _number(node: ast.expr) -> Any:
    value = _build(node)
    if not isinstance(value, (int, float, complex)):
        raise ValueError(f"{type(value).__name__} where a number was expected")
    return value


def _pairs(keys: list[ast.expr | None], values: list[ast.expr]) -> list[tuple[ast.expr, ast.expr]]:
    if None in keys:
        raise ValueError("** in the text of a value")
    return [(key, value) for key, value in zip(keys, values, strict=True) if key is not None]
