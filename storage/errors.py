"""The one root error of the project; it lives at the bottom so that every package can raise it."""


class WinnowError(Exception):
    """An error whose message the user reads: what value, what is wrong, what to do.

    The pages and the command line show `str(error)` as it is, without a traceback.
    """
