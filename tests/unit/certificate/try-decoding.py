"""Decodes pictures by the preprocess.py that is given first: the pixels of PICTURE go to PICTURE.rgb, why it is refused to PICTURE.refused."""

import importlib.util
import sys

code, *pictures = sys.argv[1:]
spec = importlib.util.spec_from_file_location("preprocess", code)
preprocess = importlib.util.module_from_spec(spec)
spec.loader.exec_module(preprocess)
for picture in pictures:
    try:
        preprocess.decode(picture).tofile(picture + ".rgb")
    except ValueError as error:
        with open(picture + ".refused", "w", encoding="utf-8") as file:
            file.write(str(error))
