"""A fine-tune under other names, or with its layers elsewhere: what its tensors take, next
to what the same tensors take under the base's names. For bench.py."""
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import model  # noqa: E402


def wrapped(pattern, to):
    return lambda name: re.sub(pattern, to, name)


META = [("model.embed_tokens", "tok_embeddings"), ("lm_head", "output"), ("model.", ""), ("self_attn.", "attention."),
        ("q_proj", "wq"), ("k_proj", "wk"), ("v_proj", "wv"), ("o_proj", "wo"), ("mlp.", "feed_forward."),
        ("gate_proj", "w1"), ("up_proj", "w3"), ("down_proj", "w2")]


def meta(name):
    for word, other in META:
        name = name.replace(word, other)
    return name


NAMES = [
    ("_orig_mod. inside", wrapped(r"layers\.(\d+)\.", r"layers.\1._orig_mod.")),
    ("_checkpoint_wrapped_module.", wrapped(r"layers\.(\d+)\.", r"layers.\1._checkpoint_wrapped_module.")),
    (".base_layer.", wrapped(r"_proj\.weight", "_proj.base_layer.weight")),
    ("pretrained_model.", wrapped("^", "pretrained_model.")),
    ("_forward_module.", wrapped("^", "_forward_module.")),
    ("thinker.", wrapped("^", "thinker.")),
    ("gpt_neox. for model.", wrapped("^model", "gpt_neox")),
    ("Meta's names", meta),
]


def layer_of(name):
    found = re.search(r"layers\.(\d+)\.", name)
    return int(found[1]) if found else None


def moved(names, order):
    """new name -> old one: layer i is the one that order says."""
    out = {name: name for name in names if layer_of(name) is None}
    for new, old in enumerate(order):
        out.update({name.replace(f"layers.{old}.", f"layers.{new}."): name
                    for name in names if layer_of(name) == old})
    return out


def shuffled(names):
    others = list(names)
    random.Random(1).shuffle(others)
    return dict(zip(names, others))


def variants(names):
    """(what, new name -> name that the tensor had)"""
    count = 1 + max(layer_of(name) or 0 for name in names)
    every = list(range(count))
    yield "as it is", {name: name for name in names}
    for what, rename in NAMES:
        yield what, {rename(name): name for name in names}
    yield "a layer dropped", moved(names, every[:3] + every[4:])
    yield "three dropped", moved(names, every[1:2] + every[3:5] + every[6:])
    yield "doubled, as SOLAR", moved(names, every[:-2] + every[2:])
    yield "reversed", moved(names, every[::-1])
    yield "shuffled names", shuffled(names)


PLACE = "model.layers.0.mlp.experts."


def experts(source):
    """The feed-forward layers of a model as the experts of one: name -> (dtype, shape, bytes)"""
    out = {}
    for name, *rest in model.load(source)[1]:
        found = re.fullmatch(r"model\.layers\.(\d+)\.mlp\.(\w+)\.weight", name)
        if found:
            out[f"{PLACE}{found[1]}.{found[2]}.weight"] = tuple(rest)
    return out


def in_one(parts, *first):
    dtype, shape, _ = parts[0]
    rows = [] if first else [sum(part[1][0] for part in parts)]
    return dtype, [*first, *rows, *(shape if first else shape[1:])], b"".join(part[2] for part in parts)


def stack(single):
    """The same as transformers 5 has them."""
    count = len(single) // 3
    fused = [in_one([single[f"{PLACE}{i}.{part}.weight"] for part in ("gate_proj", "up_proj")])
             for i in range(count)]
    down = [single[f"{PLACE}{i}.down_proj.weight"] for i in range(count)]
    return {PLACE + "gate_up_proj": in_one(fused, count), PLACE + "down_proj": in_one(down, count)}


def write_experts(path, source, form):
    tensors = experts(source)
    if form == "stacked":
        tensors = stack(tensors)
    model.save(path, [(name, *tensor) for name, tensor in tensors.items()], {"format": "pt"})


def write(path, source, names):
    note, tensors = model.load(source)
    by_name = {tensor[0]: tensor[1:] for tensor in tensors}
    model.save(path, [(new, *by_name[old]) for new, old in names.items()], note)


def taken(report):
    """name -> (stored, size) of the tensors in what `show --json` says."""
    return {e["name"]: (e["stored"], e["size"]) for e in report["extents"] if e["kind"] == "tensor"}


def part(tensors):
    return 100 * sum(stored for stored, _ in tensors) / sum(size for _, size in tensors)
