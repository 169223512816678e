#!/usr/bin/env python3
"""Make data/digits-images.npy and data/digits-labels.npy.

The input is digits.csv.gz from the scikit-learn package: 1,797 rows of 64
pixels (8 x 8, row by row, integers 0..16) and the class 0..9. scikit-learn
is not imported; the file is read straight out of its wheel. The output is
little-endian float32 in .npy format 1.0, values unchanged, rows in the order
of the input. The same input gives the same bytes. See data/README.md for the
origin and licence of the data.

Needs Python 3 and NumPy; pip and a network only without SOURCE.

    python3 scripts/make-digits.py                             # fetch by pip
    python3 scripts/make-digits.py scikit_learn-*.whl          # or a wheel
    python3 scripts/make-digits.py digits.csv.gz               # or the file
"""

import argparse
import gzip
import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

MEMBER = "sklearn/datasets/data/digits.csv.gz"
# Of the unpacked CSV, so that a recompressed copy is accepted too.
CSV_SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"


def fetch_wheel(folder):
    """Download a scikit-learn wheel into folder and return its path."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
         "--only-binary", ":all:", "--dest", folder, "scikit-learn"],
        check=True)
    return next(pathlib.Path(folder).glob("*.whl"))


def read_csv(source):
    """Return the unpacked CSV from a wheel or from digits.csv.gz."""
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as wheel:
            packed = wheel.read(MEMBER)
    else:
        packed = pathlib.Path(source).read_bytes()
    csv = gzip.decompress(packed)
    digest = hashlib.sha256(csv).hexdigest()
    if digest != CSV_SHA256:
        sys.exit(f"{source}: CSV has SHA-256 {digest}, expected {CSV_SHA256}")
    return csv


def save(path, array):
    """Write array as .npy 1.0 and print its line as sha256sum does."""
    with open(path, "wb") as f:
        np.lib.format.write_array(f, array, version=(1, 0), allow_pickle=False)
    print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "source", nargs="?",
        help="scikit-learn wheel or digits.csv.gz (default: fetch by pip)")
    parser.add_argument(
        "-o", "--out", type=pathlib.Path,
        default=pathlib.Path(__file__).resolve().parent.parent / "data",
        help="output folder (default: data/ of this repository)")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        csv = read_csv(args.source or fetch_wheel(folder))

    table = np.array([line.split(",") for line in csv.decode().splitlines()],
                     dtype="<f4")
    images = np.ascontiguousarray(table[:, :64])
    labels = np.ascontiguousarray(table[:, 64])
    assert images.shape == (1797, 64) and labels.shape == (1797,)
    assert images.min() == 0 and images.max() == 16
    assert set(labels.tolist()) == set(range(10))

    args.out.mkdir(parents=True, exist_ok=True)
    save(args.out / "digits-images.npy", images)
    save(args.out / "digits-labels.npy", labels)


if __name__ == "__main__":
    main()
