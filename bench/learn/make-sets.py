"""Folders of pictures for bench:learn that behave differently: python make-sets.py OUTPUT [--fruit FOLDER] [--mnist FOLDER] [--emoji FOLDER]

Makes what its sources allow: pictures that scikit-learn and scikit-image ship; a folder train/ with photographs of fruit; MNIST's four
files; the unpacked npm package emoji-datasource-google. Needs Python with Pillow, scikit-learn and scikit-image. The same sources give
the same files."""
import argparse
import collections
import gzip
import json
import pathlib
import shutil

import numpy as np
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("output", type=pathlib.Path)
for source in ("--fruit", "--mnist", "--emoji"):
    parser.add_argument(source, type=pathlib.Path)
options = parser.parse_args()
SEED = 1
# Nets see 224 pixels: tiny pictures are enlarged as a person would, with smooth edges.
SIDE = 96
# Sets that are drawn for each seed of bench:learn.
DRAWS = (1, 2, 3)


def shuffled(items, name):
    """All items in an order that depends on the name alone."""
    items = list(items)
    seed = SEED + sum(ord(character) for character in name)
    return [items[index] for index in np.random.default_rng(seed).permutation(len(items))]


def write(folder, pictures, side=None):
    """Writes pictures as PNG: arrays or images, gray or RGB."""
    target = options.output / folder
    target.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
        if side is not None:
            image = image.resize((side, side), Image.Resampling.BICUBIC)
        image.save(target / f"{number:04d}.png")


def copy(folder, files):
    target = options.output / folder
    target.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, target)


def digits():
    """In distribution, few pictures: 30 of each digit."""
    from sklearn.datasets import load_digits

    data = load_digits()
    for label in range(10):
        images = (data.images[data.target == label] * 255 / 16).astype(np.uint8)
        write(f"digits/{label}", shuffled(images, f"digits {label}")[:30], SIDE)


def faces():
    """Two classes: 100 faces, 100 other cuts of photographs."""
    import skimage.data

    images = (skimage.data.lfw_subset() * 255).astype(np.uint8)
    write("faces/face", images[:100], SIDE)
    write("faces/other", images[100:], SIDE)


def textures():
    """Three classes with a shift: training on the upper half of one photograph each, the test on its lower half."""
    import skimage.data

    for name in ("brick", "grass", "gravel"):
        image = getattr(skimage.data, name)()
        size, step = 96, 48
        for split, top in (("train", 0), ("test", 256)):
            rows = range(top, top + 256 - size + 1, step)
            cuts = [image[y : y + size, x : x + size] for y in rows for x in range(0, 512 - size + 1, step)]
            write(f"textures/{split}/{name}", cuts)


def fruit(source):
    """Series of photographs: all of two kinds that look alike, and 15 of each kind."""
    kinds = {folder.name: sorted(folder.iterdir()) for folder in sorted((source / "train").iterdir())}
    for name in ("Royal-Gala", "Red-Delicious"):
        copy(f"fruit-two/{name}", kinds[name])
    for name, files in kinds.items():
        copy(f"fruit-little/{name}", shuffled(files, name)[:15])


def read_mnist(source, name):
    """Pictures and labels of one of MNIST's two parts."""

    def read(part, header):
        content = gzip.decompress((source / f"{name}-{part}-ubyte.gz").read_bytes())
        return np.frombuffer(content, np.uint8, offset=header)

    return read("images-idx3", 16).reshape(-1, 28, 28), read("labels-idx1", 8)


def mnist(source):
    """Imbalanced: 402, 100, 20 and 3 digits for training, 100 of each for the test."""
    for split, name, counts in (("train", "train", (402, 100, 20, 3)), ("test", "t10k", (100,) * 4)):
        images, labels = read_mnist(source, name)
        for label, count in zip((3, 5, 8, 9), counts):
            chosen = shuffled(images[labels == label], f"mnist {split} {label}")[:count]
            write(f"mnist-imbalanced/{split}/{label}", chosen, SIDE)


def unequal_digits(source):
    """402 pictures of one class and 3 of the other, drawn anew for each seed; the test has 300 of each."""
    for draw in DRAWS:
        for split, name, counts in (("train", "train", (402, 3)), ("test", "t10k", (300, 300))):
            images, labels = read_mnist(source, name)
            for label, count in zip((3, 8), counts):
                chosen = shuffled(images[labels == label], f"unequal {split} {label} {draw}")[:count]
                write(f"mnist-unequal/draw-{draw}/{split}/{label}", chosen, SIDE)


def unequal_fruit(source):
    """Half of ten kinds have 3 photographs for training, others for each seed; the test has as many of each kind."""
    kinds = sorted(folder.name for folder in (source / "train").iterdir())
    tests = {kind: sorted((source / "test" / kind).iterdir()) for kind in kinds}
    least = min(len(files) for files in tests.values())
    for draw in DRAWS:
        few = shuffled(kinds, f"few {draw}")[:5]
        for kind in kinds:
            files = shuffled(sorted((source / "train" / kind).iterdir()), f"{kind} {draw}")
            copy(f"fruit-unequal/draw-{draw}/train/{kind}", files[:3] if kind in few else files)
            copy(f"fruit-unequal/draw-{draw}/test/{kind}", tests[kind][:least])


def flipped_fruit(source):
    """A tenth of the training pictures are in the folder of another kind, others for each seed; the test is as it was."""
    kinds = sorted(folder.name for folder in (source / "train").iterdir())
    files = [(kind, file) for kind in kinds for file in sorted((source / "train" / kind).iterdir())]
    for draw in DRAWS:
        random = np.random.default_rng(SEED + draw)
        flipped = set(random.permutation(len(files))[: round(len(files) / 10)])
        for number, (kind, file) in enumerate(files):
            others = [other for other in kinds if other != kind]
            label = others[random.integers(len(others))] if number in flipped else kind
            copy(f"fruit-flipped/draw-{draw}/train/{label}", [file])
        for kind in kinds:
            copy(f"fruit-flipped/draw-{draw}/test/{kind}", sorted((source / "test" / kind).iterdir()))


def emoji(source):
    """Drawings: nine classes that are ideas rather than looks, and many classes with 10 to 20 pictures."""
    drawn = [one for one in json.loads((source / "emoji.json").read_text()) if one["has_img_google"]]
    by = {"emoji-ideas": ("category", 60), "emoji-many": ("subcategory", 20)}
    for folder, (field, most) in by.items():
        classes = collections.defaultdict(list)
        for one in drawn:
            classes[one[field]].append(source / "img/google/64" / one["image"])
        for name, files in sorted(classes.items()):
            if len(files) < 10 or name == "Component":
                continue
            images = []
            for file in shuffled(sorted(files), name)[:most]:
                image = Image.open(file).convert("RGBA")
                white = Image.new("RGBA", image.size, "white")
                images.append(Image.alpha_composite(white, image).convert("RGB"))
            write(f"{folder}/{name.lower().replace(' & ', '-')}", images, SIDE)


if options.output.exists():
    raise SystemExit(f"{options.output} exists: name a folder that does not.")
digits()
faces()
textures()
for source, makers in (
    (options.fruit, (fruit, unequal_fruit, flipped_fruit)),
    (options.mnist, (mnist, unequal_digits)),
    (options.emoji, (emoji,)),
):
    for make in makers if source is not None else ():
        make(source)
for folder in sorted(options.output.iterdir()):
    files = list(folder.glob("**/*.*"))
    print(f"{folder.name}: {len(files)} pictures of {len({file.parent.name for file in files})} classes")
