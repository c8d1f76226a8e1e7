"""Writes the weights of a golden's network in every layout of Keras: python write-keras-files.py GOLDENS NAME FOLDER"""
import os
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL='3', CUDA_VISIBLE_DEVICES='-1')
goldens, name, folder = sys.argv[1:]
sys.path.insert(0, goldens)
sys.dont_write_bytecode = True
import generate
import h5py
from keras.src.legacy.saving import legacy_h5_format

build, *_ = generate.ZOO[name]
model = build()
generate.fill(model, *generate.GAINS[name])

model.save_weights(os.path.join(folder, 'native.weights.h5'))
model.save(os.path.join(folder, 'whole.keras'))
# The layout of Keras Applications' files.
with h5py.File(os.path.join(folder, 'legacy.h5'), 'w') as file:
    legacy_h5_format.save_weights_to_hdf5_group(file, model)
