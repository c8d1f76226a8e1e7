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


def mnist(source):
    """Imbalanced: 402, 100, 20 and 3 digits for training, 100 of each for the test."""

    def read(name, header):
        return np.frombuffer(gzip.decompress((source / f"{name}-ubyte.gz").read_bytes()), np.uint8, offset=header)

    for split, name, counts in (("train", "train", (402, 100, 20, 3)), ("test", "t10k", (100,) * 4)):
        images, labels = read(f"{name}-images-idx3", 16).reshape(-1, 28, 28), read(f"{name}-labels-idx1", 8)
        for label, count in zip((3, 5, 8, 9), counts):
            chosen = shuffled(images[labels == label], f"mnist {split} {label}")[:count]
            write(f"mnist-imbalanced/{split}/{label}", chosen, SIDE)


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
for make, source in ((fruit, options.fruit), (mnist, options.mnist), (emoji, options.emoji)):
    if source is not None:
        make(source)
for folder in sorted(options.output.iterdir()):
    files = list(folder.glob("**/*.*"))
    print(f"{folder.name}: {len(files)} pictures of {len({file.parent.name for file in files})} classes")
