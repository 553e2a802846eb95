"""What a GPU's driver calls it, as people say it: slug, name, and how new it is."""

import re
from dataclasses import dataclass

# CUDA compute capability times ten: the order in which the makers brought them out.
GENERATIONS = (
    (60, ("P100", "P40", "P4")),
    (70, ("V100", "TITAN V")),
    (75, ("T4", "RTX 6000", "RTX 8000")),
    (80, ("A100", "A30", "A800")),
    (86, ("A10", "A10G", "A40", "A16", "A2", "A4000", "A5000", "A6000")),
    (89, ("L4", "L20", "L40", "L40S", "RTX 6000 ADA GENERATION")),
    (90, ("H100", "H200", "H800", "H20", "GH200")),
    (100, ("B100", "B200", "GB200")),
    (103, ("B300", "GB300")),
)
NEWEST = 200  # a model that this table does not know is taken to be newer than those it does
GENERATION = {model: age for age, models in GENERATIONS for model in models}
SIZES = (4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 141, 144, 180, 192, 256, 288)
MAKERS = {"nvidia", "tesla", "amd", "instinct", "geforce", "quadro", "intel"}
FORMS = re.compile(r"(sxm\d*|pcie|hbm\d?e?|nvl\d*|shared)", re.IGNORECASE)
MEMORY = re.compile(r"(\d+)\s*gi?b?", re.IGNORECASE)


@dataclass(frozen=True)
class Kind:
    """How one kind of hardware is called. `full` tells apart kinds that share a `slug`."""

    slug: str
    full: str
    name: str
    memory_gb: int
    generation: int


def kind_of(product: str, memory_mb: int, parts: int = 1) -> Kind:
    """The kind that `product` (as the driver names it; empty for nodes without GPUs) stands for.

    Memory in MB as the driver tells it, which is a little under what is on the box: the size in
    the product's name counts where there is one, else the next even number of GB.
    """
    if not product:
        return Kind("cpu", "cpu", "CPU only", 0, 0)
    words = [word for word in re.split(r"[-_ ]+", product) if word]
    kept = [word for word in words if word.lower() not in MAKERS and not FORMS.fullmatch(word)]
    sliced = "MIG" in words  # a slice has less memory than its product's name says
    told = [] if sliced else [word for word in kept if MEMORY.fullmatch(word)]
    model = " ".join(word for word in kept if word not in told) or product
    memory = int(MEMORY.fullmatch(told[0])[1]) if told else even_gb(memory_mb)
    shared = f", in {parts} parts" if parts > 1 else ""
    name = f"{model}{f' {memory} GB' if memory else ''}{shared}"
    size = f"-{memory}gb" if told else ""
    suffix = "-parts" if parts > 1 else ""
    return Kind(
        slug=f"{slugged(model)}{size}{suffix}",
        full=f"{slugged(product)}{suffix}",
        name=name[:80],
        memory_gb=memory,
        generation=GENERATION.get(model.upper(), NEWEST),
    )


def even_gb(memory_mb: int) -> int:
    """The even number of GB that is sold as so many MB: 46,068 is 46 in tools and 48 on the box.

    Drivers keep up to 7 % for themselves; less than 4 GB is told as it is.
    """
    exact = memory_mb / 1024
    if exact < 4:
        return round(exact)
    sizes = (
        4,
        6,
        8,
        10,
        12,
        16,
        20,
        24,
        32,
        40,
        48,
        64,
        80,
        96,
        128,
        141,
        144,
        180,
        192,
        256,
        288,
    )
    return next((size for size in sizes if size * 0.93 <= exact <= size), round(exact))


def slugged(words: str) -> str:
    """Small letters, digits and hyphens, 30 at most."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:30].strip("-")
