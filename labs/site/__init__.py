"""The course as static pages, to read before anything is installed: ``labs site --out DIR``.

They are made from the notebooks as they stand, and need neither kernel nor network nor server: they open from a folder.
"""
