"""What models cost, as somebody typed it in."""

from duckdb import DuckDBPyConnection


def set_price(cursor: DuckDBPyConnection, model: str, price: tuple[float, float] | None) -> None:
    """Note what a model costs (US dollars per million prompt and completion tokens), or nothing."""
    cursor.execute("delete from prices where model = ?", [model])
    if price is not None:
        cursor.execute("insert into prices values (?, ?, ?)", [model, *price])


def list_prices(cursor: DuckDBPyConnection) -> dict[str, tuple[float, float]]:
    """What each priced model costs: US dollars per million prompt and completion tokens."""
    rows = cursor.execute("select model, input, output from prices order by model").fetchall()
    return {model: (input_price, output_price) for model, input_price, output_price in rows}
