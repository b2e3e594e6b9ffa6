"""The recipes: every hyper-parameter with its reason."""

from dataclasses import dataclass

from storage.errors import WinnowError


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. `lora_rank` 0 trains all weights; lengths are in tokens, batches in rows.

    `batch_size` rows make one optimizer step, `micro_batch_size` of them at a time. `max_steps` 0
    means that the epochs decide. `held_out` is the share of rows that is kept for measuring.
    """

    name: str
    description: str
    learning_rate: float
    epochs: float
    batch_size: int
    micro_batch_size: int
    max_length: int
    lora_rank: int = 0
    lora_alpha: int = 0
    schedule: str = "linear"
    warmup_steps: int = 15
    optimizer: str = "adamw_torch"
    max_grad_norm: float = 1.0
    max_steps: int = 0
    held_out: float = 0.05


RECIPES = (
    Recipe(
        name="lora",
        description="Low-rank adapters on every linear layer; fits the smallest memory",
        # Adapters start at zero and need about ten times the rate of full training (Hu et al. 2021
        # and the LoRA papers after it); alpha = 2 x rank is their usual scale.
        learning_rate=2e-4,
        lora_rank=16,
        lora_alpha=32,
        # The Magicoder paper's: two epochs, 1216 tokens, linear decay after 15 steps. Its batch of
        # 512 is meant for 75,000 rows; a few hundred rows need more than one step per epoch.
        epochs=2,
        batch_size=16,
        micro_batch_size=4,
        max_length=1216,
    ),
    Recipe(
        name="full",
        description="All weights; the strongest, and the one that needs the most memory",
        learning_rate=5e-5,  # the Magicoder paper's
        epochs=2,
        batch_size=16,
        micro_batch_size=4,
        max_length=1216,
        optimizer="adafactor",  # the paper's: no second copy of the weights for its statistics
        max_grad_norm=0.0,  # the paper does not clip: Adafactor clips its updates itself
    ),
    Recipe(
        name="smoke",
        description="Two minutes on two CPU cores: shows that everything works, teaches little",
        learning_rate=5e-4,  # twelve steps are few: a high rate shows a falling loss
        lora_rank=8,
        lora_alpha=16,
        epochs=1,
        batch_size=4,
        micro_batch_size=4,
        max_length=512,  # half of the OSS-Instruct rows fit whole; the rest is cut, and counted
        warmup_steps=2,
        max_steps=12,
        held_out=0.1,
    ),
)


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        WinnowError: there is none.
    """
    for recipe in RECIPES:
        if recipe.name == name:
            return recipe
    known = ", ".join(recipe.name for recipe in RECIPES)
    raise WinnowError(f"Recipe {name!r} does not exist: use one of {known}.")
